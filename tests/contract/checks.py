"""The contract: every check there is. Those of streams and of ways to authenticate take a Case, those of words a
Connector; a check fails with AssertionError or with whatever error came unasked."""

from __future__ import annotations

from tests.contract.failing import FAILING, a_missing_scope_is_told
from tests.contract.guarding import GUARDING
from tests.contract.reading import READING, each_row_has_one_key, everything_is_read
from tests.contract.wording import WORDING

OF_STREAMS = (*READING, *FAILING)
# The fast suite tries these on every stream, the others once for each builder: those about failures on one of all the
# streams that are built so, those about reading on one of each platform. The slower suite tries everything on all.
OF_EVERY_STREAM = (everything_is_read, each_row_has_one_key, a_missing_scope_is_told)
OF_EVERY_PLATFORM = READING
OF_METHODS = GUARDING
OF_WORDS = WORDING
