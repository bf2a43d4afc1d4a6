"""Python's codecs read what goes to a customer display, by the code page of its set-up."""

import itertools
import subprocess
import unicodedata

import pytest

CODECS = ["ascii", "cp437", "cp850", "cp858", "cp1252", "shift_jis", "gb2312", "shift_jis"]
LANGUAGES = ["en", "de", "fr", "es", "zh", "ja"]
PROMPTS = [0x03, 0x07, 0x10, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x20,
           0x21, 0x80, 0x81, 0x82]


@pytest.fixture(scope="module")
def shown(peerport):
    """The two lines of every combination, taken out of the commands around them."""
    keys = list(itertools.product(range(2), range(8), range(6), PROMPTS))
    lines = "".join(" ".join(map(str, key)) + "\n" for key in keys)
    done = subprocess.run(
        [peerport, "display"], input=lines, capture_output=True, text=True, timeout=60)
    answers = [bytes.fromhex(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(keys), done.stderr
    found = {}
    for key, sent in zip(keys, answers, strict=True):
        if key[0] == 0:
            head, upper, lower = (sent[:-48], sent[-48:-24], sent[-24:])
            assert (upper[:4], lower[:4]) == (b"\x1f$\x01\x01", b"\x1f$\x01\x02")
            found[key] = (head, upper[4:], lower[4:])
        else:
            head, upper, lower = (sent[:-48], sent[-48:-24], sent[-24:])
            assert (upper[:3], lower[:3]) == (b"\x1bQA", b"\x1bQB")
            assert upper[23:] == lower[23:] == b"\r"
            found[key] = (head, upper[3:23], lower[3:23])
    return found


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_every_line_is_text_of_its_code_page_and_fills_twenty_columns(shown):
    for (_, characters, _, _), (_, *lines) in shown.items():
        for line in lines:
            assert columns(line.decode(CODECS[characters])) == 20


def test_both_command_sets_show_the_same(shown):
    for (commands, *key), (_, *lines) in shown.items():
        assert lines == list(shown[(0, *key)][1:])


def test_what_the_code_page_has_is_not_transliterated(shown):
    """Windows-1252 has every letter of the four European languages: it is the yardstick."""
    for language in range(4):
        for prompt in PROMPTS:
            whole = [line.decode("cp1252") for line in shown[(0, 4, language, prompt)][1:]]
            for characters in (2, 3):
                lines = shown[(0, characters, language, prompt)][1:]
                assert [line.decode(CODECS[characters]) for line in lines] == whole
            for characters in (0, 1):
                lines = shown[(0, characters, language, prompt)][1:]
                for plain, text in zip(lines, whole, strict=True):
                    plain = plain.decode(CODECS[characters])
                    bare = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()
                    known = all(c in plain or ord(c) > 127 for c in text)
                    assert plain == text or plain == bare or "ß" in text or known


def test_chinese_and_japanese_are_in_their_own_characters(shown):
    def script(characters, language):
        text = "".join(
            line.decode(CODECS[characters])
            for prompt in PROMPTS for line in shown[(0, characters, language, prompt)][1:])
        return {unicodedata.name(c).split(" ")[0] for c in text if ord(c) > 127}

    assert script(6, 4) == {"CJK"}
    assert script(7, 5) == {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}
    assert script(5, 5) == {"HALFWIDTH"}


def test_what_a_display_lacks_falls_back_to_english(shown):
    for prompt in PROMPTS:
        for characters, language in [(0, 4), (2, 4), (7, 4), (0, 5), (4, 5), (6, 5)]:
            lines = shown[(0, characters, language, prompt)][1:]
            english = shown[(0, characters, 0, prompt)][1:]
            assert lines[0] == english[0]
