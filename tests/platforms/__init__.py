"""What the tests must be told of each platform, one file each: which columns no record of the sandbox fills, which
recordings no stream reads, how walks continue, which specification judges. See `told.py` for the words. May import
anything.
"""
