"""
How large a record sheet may be.

A team's sheet of a month is some hundred rows; these bounds leave a factor of ten and keep a hostile file
from using more than 256 MB of memory or two seconds (reliability paper, attack S5).
"""

MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_UNPACKED_BYTES = 50 * 1024 * 1024
MAX_RATIO = 100  # unpacked to packed
MAX_ENTRIES = 200  # files inside an XLSX
MAX_ROWS = 10_000  # without the header
MAX_COLUMNS = 60
MAX_CELL = 32_767  # characters, the limit of Excel itself
MAX_TEXT = 10_000_000  # characters of all cells together; a CSV file of MAX_FILE_BYTES holds fewer
MAX_KEY_POINTS_OF_CELL = 200  # a busy case has about ten
MAX_KEY_POINTS = 50_000  # of all cells together: each becomes an event
MAX_ELEMENTS = 600_000  # XML elements of all parts together
