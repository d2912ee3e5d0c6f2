"""Known answers for content tokens, from an independent implementation of MurmurHash3_x86_128 (package mmh3) and the word
format that src/core/token.ts documents by its tags.

    python test/conformance/generate/tokens.py > test/conformance/goldens/token.json
"""

import json
import struct

import mmh3


def digest(words):
    data = b"".join(struct.pack("<I", w & 0xFFFFFFFF) for w in words)
    raw = mmh3.hash_bytes(data, 0, x64arch=False)
    return "".join("%08x" % w for w in struct.unpack("<4I", raw))


def double(x):
    return list(struct.unpack("<2I", struct.pack("<d", x)))


def text(s):
    raw = s.encode("utf-16-le")
    units = list(struct.unpack("<%dH" % (len(raw) // 2), raw))
    words = [units[i] | ((units[i + 1] if i + 1 < len(units) else 0) << 16) for i in range(0, len(units), 2)]
    return [len(units)] + words


def data(raw):
    padded = raw + b"\0" * (-len(raw) % 4)
    return double(float(len(raw))) + list(struct.unpack("<%dI" % (len(padded) // 4), padded))


NUMBER, STRING, ARRAY, OBJECT, VIEW, END = 5, 7, 9, 11, 17, 29
floats = struct.pack("<100d", *[i / 7 for i in range(100)])
long = struct.pack("<3000d", *[i / 7 for i in range(3000)])

print(
    json.dumps(
        {
            "words": [[w, digest(w)] for w in ([], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4], list(range(1, 20)), [7] * 5000)],
            "tokens": {
                "1": digest([NUMBER] + double(1.0)),
                "-0": digest([NUMBER] + double(-0.0)),
                "NaN": digest([NUMBER, 0, 0x7FF80000]),
                "undefined": digest([1]),
                "null": digest([2]),
                "true": digest([4]),
                "abc": digest([STRING] + text("abc")),
                "héddle🧵": digest([STRING] + text("héddle🧵")),
                "[1,2]": digest([ARRAY] + double(2.0) + [NUMBER] + double(1.0) + [NUMBER] + double(2.0)),
                "{a:1}": digest([OBJECT, STRING] + text("a") + [NUMBER] + double(1.0) + [END]),
                "float64[100]": digest([VIEW] + text("Float64Array") + data(floats)),
                "float64[3000]": digest([VIEW] + text("Float64Array") + data(long)),
                "bytes[5]": digest([VIEW] + text("Uint8Array") + data(bytes([1, 2, 3, 4, 5]))),
            },
        },
        indent=1,
    )
)
