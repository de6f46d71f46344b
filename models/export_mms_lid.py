#!/usr/bin/env python3
"""Makes the language detector's folder (docs/mms-lid.md) from a checkpoint of facebook/mms-lid: the network as ONNX,
its labels, and how its input is prepared.

    python3 export_mms_lid.py --checkpoint facebook/mms-lid-126 FOLDER   # or a local folder with the checkpoint
    python3 export_mms_lid.py --tiny --seed 1 FOLDER                     # a small model of the same architecture

What was written is run by ONNX Runtime and held against transformers on sounds of several lengths; on a difference of
more than 1e-3 the exit status is 1. --tiny has random weights and knows no language: it is what the tests compare the
server's arithmetic with, and has the sounds and transformers' results beside it (reference.json).

Needs models/requirements-mms-lid.txt.
"""

import argparse
import base64
import json
import pathlib
import sys
import tempfile

import numpy
import onnx
import onnxruntime
import torch
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

RATE = 16000
OPSET = 17
TOLERANCE = 1e-3
ONE_FILE = 1_900_000_000  # bytes; above it the weights lie beside the graph, because a protobuf ends at 2 GiB
TINY_LABELS = ["eng", "swe", "deu", "fra", "cmn", "ara", "nob", "nno", "yue", "swh", "ceb", "kat"]
SOUNDS = {"400 samples, the network's one frame": 400, "half a second": 8000, "quiet, beside the zero line": 16001,
          "two and a half seconds": 40000}


class Logits(torch.nn.Module):
    """The network alone: a normalised sound [1, samples] -> logits [1, labels]. One sound at a time needs no mask."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_values):
        return self.model(input_values, return_dict=True).logits


def tiny(seed):
    """facebook/mms-lid's configuration with 2 layers for 48 and 32 numbers for 1280, and random weights."""
    config = Wav2Vec2Config(
        do_stable_layer_norm=True, feat_extract_norm="layer", conv_bias=True, feat_extract_activation="gelu",
        conv_dim=(16,) * 7, conv_kernel=(10, 3, 3, 3, 3, 2, 2), conv_stride=(5, 2, 2, 2, 2, 2, 2),
        num_conv_pos_embeddings=128, num_conv_pos_embedding_groups=16, hidden_size=32, num_hidden_layers=2,
        num_attention_heads=4, intermediate_size=64, hidden_act="gelu", classifier_proj_size=24,
        id2label=dict(enumerate(TINY_LABELS)), label2id={label: i for i, label in enumerate(TINY_LABELS)})
    torch.manual_seed(seed)
    model = Wav2Vec2ForSequenceClassification._from_config(config, attn_implementation="eager")
    # The weights as they come give logits of nearly 0 for every sound, with which everything would agree.
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1 and "parametrizations" not in name:
                weights.normal_(0.0, 1.5 / weights[0].numel() ** 0.5)
            elif name.endswith(".bias"):
                weights.normal_(0.0, 0.1)
            elif name.endswith("norm.weight"):
                weights.normal_(1.0, 0.3)
    extractor = Wav2Vec2FeatureExtractor(feature_size=1, sampling_rate=RATE, padding_value=0.0, do_normalize=True,
                                         return_attention_mask=True)
    return model.eval(), extractor


def sounds(seed):
    """16-bit sounds whose level and pitch move as speech's do, by name."""
    random = numpy.random.RandomState(seed)
    made = {}
    for name, length in SOUNDS.items():
        t = numpy.arange(length) / RATE
        pitch = 2 * numpy.pi * numpy.cumsum(110 + 60 * numpy.sin(2 * numpy.pi * random.uniform(0.5, 2) * t)) / RATE
        voice = sum(numpy.sin(k * pitch + random.uniform(0, 6)) / k for k in range(1, 12))
        syllables = numpy.maximum(0, numpy.sin(2 * numpy.pi * random.uniform(3, 5) * t + random.uniform(0, 3))) ** 2
        sound = 0.15 * voice * syllables + 0.003 * random.standard_normal(length)
        if name.startswith("quiet"):
            sound = 0.01 * sound + 0.05
        made[name] = numpy.clip(numpy.round(sound * 32768), -32768, 32767).astype("<i2")
    return made


def transformers_logits(model, extractor, sound):
    """Hugging Face's own way from samples to logits: its normalisation, and its mask, which is all ones here."""
    features = extractor(sound.astype(numpy.float32) / 32768, sampling_rate=RATE, return_tensors="pt", padding=True)
    with torch.inference_mode():
        return model(**features).logits[0].numpy()


def write_graph(model, path):
    """As one file, or with the weights beside it in model.onnx.data."""
    network = Logits(model).eval()
    for module in model.modules():
        for name in list(getattr(module, "parametrizations", {})):  # the weight norm of the positional convolution
            torch.nn.utils.parametrize.remove_parametrizations(module, name)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        raw = pathlib.Path(scratch) / "raw.onnx"
        with torch.inference_mode():
            torch.onnx.export(network, (torch.randn(1, RATE),), str(raw), opset_version=OPSET, dynamo=False,
                              input_names=["input_values"], output_names=["logits"],
                              dynamic_axes={"input_values": {1: "samples"}})
        graph = onnx.load(str(raw))
    weights = sum(len(tensor.raw_data) for tensor in graph.graph.initializer)
    data = path.with_name(path.name + ".data")
    for old in (path, data):
        old.unlink(missing_ok=True)
    if weights > ONE_FILE:
        onnx.save_model(graph, str(path), save_as_external_data=True, all_tensors_to_one_file=True, location=data.name)
    else:
        onnx.save_model(graph, str(path))


def labels_of(config):
    labels = [config.id2label[i] for i in range(config.num_labels)]
    if len(set(labels)) != len(labels) or any(label.startswith("LABEL_") for label in labels):
        sys.exit("the checkpoint's configuration does not name its languages (id2label)")
    return labels


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--checkpoint", help="a name on the hub, or a folder")
    which.add_argument("--tiny", action="store_true", help="a small model with random weights, and reference.json")
    parser.add_argument("--revision", help="of the name on the hub: a commit, a tag or a branch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()

    if arguments.tiny:
        model, extractor = tiny(arguments.seed)
    else:
        model = Wav2Vec2ForSequenceClassification.from_pretrained(
            arguments.checkpoint, revision=arguments.revision, attn_implementation="eager").eval()
        extractor = Wav2Vec2FeatureExtractor.from_pretrained(arguments.checkpoint, revision=arguments.revision)
    if extractor.sampling_rate != RATE or extractor.feature_size != 1:
        sys.exit(f"the checkpoint does not take one channel of {RATE} samples per second")
    labels = labels_of(model.config)
    tested = sounds(arguments.seed)
    expected = {name: transformers_logits(model, extractor, sound) for name, sound in tested.items()}
    if arguments.tiny:
        raw = {name: model(torch.from_numpy(sound.astype(numpy.float32) / 32768)[None]).logits[0].detach().numpy()
               for name, sound in tested.items()}

    arguments.folder.mkdir(parents=True, exist_ok=True)
    graph = arguments.folder / "model.onnx"
    write_graph(model, graph)
    (arguments.folder / "labels.json").write_text(json.dumps(labels, indent=1) + "\n")
    extractor.save_pretrained(arguments.folder)  # preprocessor_config.json

    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    worst = 0.0
    for name, sound in tested.items():
        wave = extractor(sound.astype(numpy.float32) / 32768, sampling_rate=RATE, return_tensors="np").input_values
        logits = session.run(["logits"], {"input_values": wave.astype(numpy.float32)})[0][0]
        difference = float(numpy.abs(logits - expected[name]).max())
        worst = max(worst, difference)
        print(f"{name}: {difference:.1e} off, likeliest {labels[int(logits.argmax())]}")
    if not worst <= TOLERANCE:
        sys.exit(f"ONNX Runtime and transformers differ by {worst}")
    if arguments.tiny:
        spread = min(float(numpy.ptp(logits)) for logits in expected.values())
        unnormalised = max(float(numpy.abs(raw[name] - expected[name]).max()) for name in tested)
        if spread < 1 or unnormalised < 0.5:
            sys.exit(f"this seed makes a model with which everything agrees ({spread}, {unnormalised}): take another")
        reference = [{"name": name, "s16le": base64.b64encode(sound.tobytes()).decode(),
                      "logits": [round(float(logit), 6) for logit in expected[name]]} for name, sound in tested.items()]
        (arguments.folder / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
    print(f"{graph}: {len(labels)} languages, ONNX Runtime and transformers agree to {worst:.1e}")


if __name__ == "__main__":
    main()
