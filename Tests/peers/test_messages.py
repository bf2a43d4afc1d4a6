"""The messages' CDDL in docs/PROTOCOL.md, judged by pycddl against the examples beside it."""

import pathlib
import re

import cbor2
import pytest
from pycddl import Schema, ValidationError

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "PROTOCOL.md").read_text()
SECTION = PAGE[PAGE.index("Examples, with reference"):PAGE.index("## 6.")]
EXAMPLES = {
    name: bytes.fromhex(digits)
    for name, digits in re.findall(r"^    `([a-z ]+)` ([0-9a-f ]+)$", SECTION, re.M)
}


def test_all_examples_are_here():
    assert len(EXAMPLES) == 27


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_messages(blocks, name):
    Schema(blocks["messages"]).validate_cbor(EXAMPLES[name])
    assert cbor2.dumps(cbor2.loads(EXAMPLES[name]), canonical=True) == EXAMPLES[name]


LAST_IS_OPTIONAL = {"time", "time with parity", "totals request", "completion", "reversal", "outcome report",
                    "end", "with early records", "code", "language"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_message_without_its_last_key_is_none(blocks, name):
    message = cbor2.loads(EXAMPLES[name])
    message.popitem()
    if name in LAST_IS_OPTIONAL:
        Schema(blocks["messages"]).validate_cbor(cbor2.dumps(message))
    else:
        with pytest.raises(ValidationError):
            Schema(blocks["messages"]).validate_cbor(cbor2.dumps(message))
