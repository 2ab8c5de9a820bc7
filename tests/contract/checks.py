"""The contract: every check there is. Those of streams and of ways to authenticate take a Case, those of words a
Connector; a check fails with AssertionError or with whatever error came unasked."""

from __future__ import annotations

from tests.contract.failing import FAILING, a_missing_scope_is_told
from tests.contract.guarding import GUARDING
from tests.contract.reading import (
    READING,
    each_row_has_one_key,
    every_column_resolves,
    everything_is_read,
    what_changed_is_found,
)
from tests.contract.wording import WORDING

OF_STREAMS = (*READING, *FAILING)
# The fast suite tries these on every stream, or for every platform on one stream of each builder, and all others on one
# of all the streams that a builder makes. The slower suite tries everything on all.
OF_EVERY_STREAM = (everything_is_read, each_row_has_one_key, a_missing_scope_is_told)
OF_EVERY_PLATFORM = (every_column_resolves, what_changed_is_found)
OF_METHODS = GUARDING
OF_WORDS = WORDING
