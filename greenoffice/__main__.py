from greenoffice.entry import main

main()
