"""Speech for the tests: parts of the golden recording, as 24 kHz 16-bit samples."""

import functools
import pathlib
import subprocess

RECORDING = pathlib.Path(__file__).resolve().parents[1] / "golden/jfk.wav"


@functools.lru_cache
def cut(start, length):
    """Seconds of the recording, faded at both ends, with a little silence before."""
    command = ["sox", str(RECORDING), "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "24000", "-"]
    effects = ["trim", str(start), str(length), "fade", "0.02", "0", "0.02", "pad", "0.3", "0"]
    return subprocess.run(command + effects, check=True, capture_output=True).stdout


def country_question():
    """'... what you can do for your country', one breath."""
    return cut(8.2, 2.6)


@functools.lru_cache
def encoded(encoding):
    """The question as the telephone carries it: 8 kHz, one byte a sample, "u-law" or "a-law"."""
    command = ["sox", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "24000", "-"]
    output = ["-t", "raw", "-e", encoding, "-b", "8", "-c", "1", "-r", "8000", "-"]
    return subprocess.run(command + output, check=True, capture_output=True, input=country_question()).stdout
