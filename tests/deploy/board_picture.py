#!/usr/bin/env python3
"""Draws the Grafana board from a real Prometheus' answers, for the documents: Grafana itself is not needed.

    tests/deploy/board_picture.py --prometheus http://127.0.0.1:9090 --picture docs/images/monitoring-board.png
    tests/deploy/board_picture.py --talk 10 --picture docs/images/monitoring-board.png

With --talk it starts Redis, the server (ANTIPHON_BINARY, or build/release/antiphon) and Prometheus, and holds calls over
both transports for so many minutes. Needs the environment of the wire tests (scripts/test.sh) and chromium.
"""

import argparse
import asyncio
import html
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/wire"))
import board  # noqa: E402

COLUMN, LINE, GAP = 62, 34, 6  # pixels of Grafana's grid
COLOURS = ["#73bf69", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#fade2a", "#8ab8ff", "#ffa6b0", "#96d98d", "#ca95e5"]
NAMED = {"green": "#73bf69", "orange": "#ff9830", "red": "#f2495c", "text": "#d8d9da", "transparent": "none"}
STEPS = 240


def in_words(value, unit, decimals=None):
    if value is None or not math.isfinite(value):
        return "–"
    if unit == "s":
        for size, name in [(86400, "d"), (3600, "h"), (60, "min")]:
            if value >= size:
                return f"{value / size:.1f} {name}"
        return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.0f} ms"
    if unit == "percentunit":
        return f"{100 * value:.{1 if decimals is None else decimals}f} %"
    if unit == "bytes":
        for size, name in [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")]:
            if value >= size:
                return f"{value / size:.1f} {name}"
    if decimals == 0 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}"


def round_up(value, unit):
    """To the next 1, 2, 4 or 8 of its size: numbers that a quarter of the axis can be marked with."""
    if value <= 0:
        return 1.0
    if unit == "bytes":
        return 2 ** math.ceil(math.log2(value))
    size = 10 ** math.floor(math.log10(value))
    return next(step * size for step in [1, 2, 4, 8, 10] if step * size >= value * 0.999)


class Source:
    def __init__(self, url, start, end):
        self.url, self.start, self.end = url, start, end
        self.step = max(1.0, (end - start) / STEPS)

    def ask(self, query, instant=False):
        way = "query" if instant else "query_range"
        span = {"time": self.end} if instant else {"start": self.start, "end": self.end, "step": self.step}
        asked = urllib.parse.urlencode({"query": board.filled(query, f"{max(20, int(4 * self.step))}s"), **span})
        with urllib.request.urlopen(f"{self.url}/api/v1/{way}?{asked}", timeout=60) as answer:
            return json.load(answer)["data"]["result"]


def named(target, labels):
    name = target["legendFormat"]
    for label, value in labels.items():
        name = name.replace("{{" + label + "}}", value)
    return name


def colour_of(steps, value):
    colour = steps[0]["color"]
    for step in steps[1:]:
        if value is not None and math.isfinite(value) and value >= step["value"]:
            colour = step["color"]
    return NAMED.get(colour, colour)


def stat(panel, source, width, height):
    result = source.ask(panel["targets"][0]["expr"], instant=True)
    value = float(result[0]["value"][1]) if result else None
    how = panel["fieldConfig"]["defaults"]
    text = in_words(value, how["unit"], how.get("decimals"))
    for mapping in how["mappings"]:
        if value is not None and (found := mapping["options"].get(f"{value:g}")):
            text = found["text"]
    size = min(height * 0.4, width / (0.6 * max(len(text), 3)))
    return (f'<text x="{width / 2}" y="{height / 2 + size / 3 + 8}" text-anchor="middle" font-size="{size:.0f}" '
            f'fill="{colour_of(how["thresholds"]["steps"], value)}">{html.escape(text)}</text>')


def axes(source, unit, low, high, left, top, right, bottom):
    parts = []
    for i in range(5):
        y = bottom - (bottom - top) * i / 4
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#2c3235"/>'
                     f'<text x="{left - 4}" y="{y + 3:.1f}" text-anchor="end" font-size="9" fill="#9fa7b3">'
                     f'{in_words(low + (high - low) * i / 4, unit)}</text>')
    for i in range(5):
        at = source.start + (source.end - source.start) * i / 4
        parts.append(f'<text x="{left + (right - left) * i / 4:.1f}" y="{bottom + 12}" text-anchor="middle" font-size="9" '
                     f'fill="#9fa7b3">{time.strftime("%H:%M", time.gmtime(at))}</text>')
    return "".join(parts)


def series(panel, source, width, height):
    how = panel["fieldConfig"]["defaults"]
    lines = []
    for target in panel["targets"]:
        for one in source.ask(target["expr"]):
            points = [(at, float(value)) for at, value in one["values"]]
            lines.append((named(target, one["metric"]), [(at, value) for at, value in points if math.isfinite(value)]))
    lines.sort(key=lambda line: line[0])
    if how["custom"]["stacking"]["mode"] == "normal":
        below, stacked = {}, []
        for name, points in lines:
            points = [(at, value + below.get(at, 0)) for at, value in points]
            below.update(points)
            stacked.append((name, points))
        lines = stacked
    values = [value for _, points in lines for _, value in points]
    low, high = how.get("min", 0) or 0, how.get("max") or round_up(max([0, *values]), how["unit"])
    left, top, right, bottom = 52, 28, width - 10, height - 40
    parts = [axes(source, how["unit"], low, high, left, top, right, bottom)]

    def place(at, value):
        return (left + (right - left) * (at - source.start) / (source.end - source.start),
                bottom - (bottom - top) * (min(value, high) - low) / (high - low))

    for step in how["thresholds"]["steps"][1:] if how["custom"]["thresholdsStyle"]["mode"] != "off" else []:
        if step["value"] <= high:
            y = place(source.start, step["value"])[1]
            parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{NAMED[step["color"]]}" '
                         'stroke-dasharray="5 4"/>')
    for i, (name, points) in reversed(list(enumerate(lines))):
        colour, path, before = COLOURS[i % len(COLOURS)], "", None
        for at, value in points:
            x, y = place(at, value)
            path += f'{"M" if before is None or at - before > 2.5 * source.step else "L"}{x:.1f} {y:.1f}'
            before = at
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    x = left
    for i, (name, _) in enumerate(lines):
        if x + 14 + 5.6 * len(name) > right:
            break
        parts.append(f'<rect x="{x}" y="{height - 17}" width="10" height="3" fill="{COLOURS[i % len(COLOURS)]}"/>'
                     f'<text x="{x + 14}" y="{height - 12}" font-size="10" fill="#c7d0d9">{html.escape(name)}</text>')
        x += 26 + 5.6 * len(name)
    return "".join(parts)


def heatmap(panel, source, width, height):
    rows = sorted(((float(one["metric"]["le"]), dict((at, float(value)) for at, value in one["values"]))
                   for one in source.ask(panel["targets"][0]["expr"])), key=lambda row: row[0])
    left, top, right, bottom = 52, 28, width - 10, height - 22
    cells, below = [], {}
    for i, (_, row) in enumerate(rows):
        cells += [(i, at, value - below.get(at, 0)) for at, value in row.items()]
        below = row
    most = max([value for _, _, value in cells] or [1]) or 1
    tall, wide = (bottom - top) / max(len(rows), 1), (right - left) / STEPS
    parts = [f'<rect x="{left + (right - left) * (at - source.start) / (source.end - source.start):.1f}" '
             f'y="{bottom - (i + 1) * tall:.1f}" width="{wide + 0.5:.1f}" height="{tall - 0.5:.1f}" fill="#ff9830" '
             f'opacity="{math.sqrt(value / most):.2f}"/>' for i, at, value in cells if value > 0.01]
    for i, (bound, _) in enumerate(rows):
        if i % 2:
            parts.append(f'<text x="{left - 4}" y="{bottom - (i + 1) * tall + 3:.1f}" text-anchor="end" font-size="9" '
                         f'fill="#9fa7b3">{in_words(bound, "s") if math.isfinite(bound) else "more"}</text>')
    for i in range(5):
        at = source.start + (source.end - source.start) * i / 4
        parts.append(f'<text x="{left + (right - left) * i / 4:.1f}" y="{bottom + 12}" text-anchor="middle" font-size="9" '
                     f'fill="#9fa7b3">{time.strftime("%H:%M", time.gmtime(at))}</text>')
    return "".join(parts)


def draw(source):
    kinds, parts, bottom = {"stat": stat, "timeseries": series, "heatmap": heatmap}, [], 0
    for panel in board.load()["panels"]:
        place = panel["gridPos"]
        x, y = place["x"] * COLUMN, place["y"] * LINE
        width, height = place["w"] * COLUMN - GAP, place["h"] * LINE - GAP
        bottom = max(bottom, y + height)
        if panel["type"] == "row":
            parts.append(f'<text x="{x + 4}" y="{y + 20}" font-size="15" fill="#d8d9da">{html.escape(panel["title"])}</text>')
            continue
        inside = kinds[panel["type"]](panel, source, width, height)
        parts.append(f'<g transform="translate({x},{y})"><rect width="{width}" height="{height}" rx="2" fill="#181b1f" '
                     f'stroke="#2c3235"/><text x="9" y="18" font-size="12" font-weight="500" fill="#d8d9da">'
                     f'{html.escape(panel["title"])}</text>{inside}</g>')
    width, height = 24 * COLUMN + 2 * GAP, bottom + 4 * GAP
    return width, height, (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="Inter, '
                           f'DejaVu Sans, sans-serif"><rect width="100%" height="100%" fill="#111217"/>'
                           f'<g transform="translate({GAP + 3},{GAP + 3})">{"".join(parts)}</g></svg>')


def take_picture(source, picture):
    width, height, drawing = draw(source)
    with tempfile.TemporaryDirectory() as folder:
        page = pathlib.Path(folder) / "board.html"
        page.write_text(f'<!doctype html><meta charset="utf-8"><body style="margin:0">{drawing}')
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                        "--hide-scrollbars", f"--user-data-dir={folder}/profile", f"--window-size={width},{height}",
                        f"--screenshot={pathlib.Path(picture).resolve()}", page.as_uri()], check=True, capture_output=True)
    print(f"{picture}: {width} x {height}")


async def talk(server, until):
    """Callers of both kinds, up to three at a time, each with some turns; one goes away now and then."""
    from conversation import converse
    from speech import country_question
    from webrtc_call import calling

    async def over_web_socket():
        async with converse(server) as call:
            await call.update(instructions="Answer in one short sentence.", antiphon={"resumable": True})
            for _ in range(random.randint(1, 3)):
                since = len(call.events)
                done = asyncio.create_task(call.until("antiphon.turn", since=since))
                await call.speak(country_question(), until=None if random.random() < 0.2 else done, silence=1.5)
                await done

    async def over_webrtc():
        async with calling(server) as call:
            await call.begin()
            await call.until("session.created", seconds=30)
            for _ in range(random.randint(1, 3)):
                since = len(call.events)
                call.microphone.say(country_question())
                await call.until("response.done", since=since)
                await asyncio.sleep(2)
            if random.random() < 0.7:
                await call.hang_up()

    async def caller(kind):
        while time.time() < until:
            try:
                await kind()
            except (AssertionError, asyncio.TimeoutError) as trouble:
                print(f"a call that did not go as it should: {str(trouble)[:200]}", file=sys.stderr)
            await asyncio.sleep(random.uniform(0.5, 6))

    await asyncio.gather(caller(over_web_socket), caller(over_webrtc))


def talk_and_draw(minutes, picture):
    from prometheus_server import Prometheus
    from redis_server import Redis
    from server import Server
    binary = pathlib.Path(os.environ.get("ANTIPHON_BINARY", ROOT / "build/release/antiphon")).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ["redis", "server", "prometheus"]:
            (folder / part).mkdir()
        redis = Redis(folder / "redis")
        server = Server(binary, folder / "server", ["webrtc.ports=0", "webrtc.bind_address=127.0.0.1", "redis.host=127.0.0.1",
                                                    f"redis.port={redis.port}"])
        prometheus = None
        try:
            server.wait_until_ready()
            prometheus = Prometheus(folder / "prometheus", f"127.0.0.1:{server.port}", "5s")
            start = time.time()
            asyncio.run(talk(server, start + 60 * minutes))
            take_picture(Source(prometheus.url, start, time.time()), picture)
        finally:
            if prometheus:
                prometheus.stop()
            server.stop()
            redis.end()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--picture", required=True)
    options.add_argument("--prometheus", help="one that runs: its last --minutes are drawn")
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--talk", type=float, metavar="MINUTES", help="start everything and hold calls for so long")
    chosen = options.parse_args()
    if chosen.talk:
        talk_and_draw(chosen.talk, chosen.picture)
    elif chosen.prometheus:
        take_picture(Source(chosen.prometheus, time.time() - 60 * chosen.minutes, time.time()), chosen.picture)
    else:
        options.error("say --prometheus or --talk")


main()
