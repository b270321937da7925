"""Take the README's pictures: `make screenshots`. The browser tests open pages with the same code.

- `browser` starts the system's Chromium;
- `mlflow_pages` serves an MLflow store and opens its runs table and compare page;
- `page_checks` opens a written page and says what in it is cut, empty or overlapping;
- `__main__` runs a sweep where there is none yet and takes the pictures.
"""
