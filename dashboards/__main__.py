"""`python -m dashboards` writes the committed board files anew."""

from dashboards.boards import FOLDER, write

if __name__ == "__main__":
    for path in write(FOLDER):
        print(path.name)
