"""Those who are measured: this project, the bare script (the floor) and dlt. One file each, one `Contestant` in it.

May import anything; heavy imports belong into `prepare`, which is not timed.
"""
