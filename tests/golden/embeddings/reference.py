"""Vectors of all-MiniLM-L6-v2 without llama.cpp: the model in float64 by numpy, with the exact GELU, and Hugging
Face's own tokenizer. Prints all-minilm-l6-v2.json.

    python3 reference.py FOLDER     # the folder has model.safetensors and tokenizer.json; needs numpy, tokenizers
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np
from tokenizers import Tokenizer

LAYERS, HEADS = 6, 12
TEXTS = [
    "The cat sat on the mat.",
    "Quarterly profits fell by six percent.",
    "A",
    " ",
    "don't can't e-mail a@b.com https://example.org/x?y=1&z=2",
    "antidisestablishmentarianism supercalifragilisticexpialidocious",
    "1234567890 3.14159 2026-11-23 $1,000,000 5\u00b0 < 7 > 3 ~ ^ ` + = |",
    "Z\u00fcrich \u00c4rger na\u00efve caf\u00e9 \u2014 \u201cquoted\u201d \u2026 \u20ac5.00 \u0130stanbul e\u0301",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002 \u3053\u3093\u306b\u3061\u306f",
    "emoji \U0001f600\U0001f44d\U0001f3fd tab\tnew\nline\u00a0nbsp zero\u200bwidth \uff46\uff55\uff4c\uff4c",
    "The quick brown fox jumps over the lazy dog. " * 30,
    "word " * 510,
]


class Model:
    def __init__(self, folder):
        raw = (folder / "model.safetensors").read_bytes()
        length = struct.unpack("<Q", raw[:8])[0]
        self.weights = {}
        for name, tensor in json.loads(raw[8:8 + length]).items():
            if name != "__metadata__" and tensor["dtype"] == "F32":
                begin, end = tensor["data_offsets"]
                numbers = np.frombuffer(raw, np.float32, offset=8 + length + begin, count=(end - begin) // 4)
                self.weights[name] = numbers.reshape(tensor["shape"]).astype(np.float64)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()

    def norm(self, x, name):
        centred = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return centred * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def attention(self, x, name):
        q, k, v = (self.linear(x, f"{name}.self.{part}").reshape(len(x), HEADS, -1).transpose(1, 0, 2)
                   for part in ("query", "key", "value"))
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1]))
        mixed = scores / scores.sum(-1, keepdims=True) @ v
        return self.linear(mixed.transpose(1, 0, 2).reshape(x.shape), name + ".output.dense")

    def embed(self, text):
        ids = self.tokenizer.encode(text).ids
        tables = {part: self.weights[f"embeddings.{part}_embeddings.weight"] for part in ("word", "position", "token_type")}
        x = self.norm(tables["word"][ids] + tables["position"][:len(ids)] + tables["token_type"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            x = self.norm(x + self.attention(x, name + ".attention"), name + ".attention.output.LayerNorm")
            inner = self.linear(x, name + ".intermediate.dense")
            inner *= 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
            x = self.norm(x + self.linear(inner, name + ".output.dense"), name + ".output.LayerNorm")
        mean = x.mean(0)
        return len(ids), mean / np.linalg.norm(mean)


model = Model(pathlib.Path(sys.argv[1]))
lines = []
for text in TEXTS:
    tokens, vector = model.embed(text)
    whole = [round(number * 10_000) for number in vector]
    lines.append(json.dumps({"text": text, "tokens": tokens, "vector": whole}, separators=(",", ":")))
print("[\n" + ",\n".join(lines) + "\n]")
