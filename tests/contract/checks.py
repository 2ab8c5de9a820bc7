"""The contract: every check there is. Those of streams and of ways to authenticate take a Case, those of words a
Connector; a check fails with AssertionError or with whatever error came unasked."""

from __future__ import annotations

from tests.contract.failing import FAILING
from tests.contract.guarding import GUARDING
from tests.contract.reading import (
    READING,
    a_walk_goes_on_from_any_page,
    reading_in_parallel_changes_nothing,
    what_changed_is_found,
    what_changes_during_a_walk_is_not_missed,
)
from tests.contract.wording import WORDING

OF_STREAMS = (*READING, *FAILING)
# What these check hangs on how a stream reads, not on what it reads.
OF_BUILDERS = (
    a_walk_goes_on_from_any_page,
    reading_in_parallel_changes_nothing,
    what_changed_is_found,
    what_changes_during_a_walk_is_not_missed,
    *FAILING,
)
OF_METHODS = GUARDING
OF_WORDS = WORDING
