from greenoffice.cli import main

main()
