"""Answers that lean on documents: `antiphon knowledge` fills a collection, a call names its sources."""

import json
import pathlib
import shutil
import subprocess

import pytest
from conversation import converse
from server import environment

HANDBOOK = pathlib.Path(__file__).resolve().parents[1] / "golden/handbook"


def pdf(line):
    """One page with one line, with its table of objects."""
    content = f"BT /F1 18 Tf 40 700 Td ({line}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(made))
        made += f"{number} 0 obj\n{body}\nendobj\n"
    table = len(made)
    made += "xref\n0 6\n0000000000 65535 f \n" + "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return made + f"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"


class Shelf:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def run(self, *arguments):
        command = [str(self.binary), "knowledge", *map(str, arguments), "--set", f"knowledge.folder={self.folder}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment(), cwd=self.folder.parent)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def shelf(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("knowledge")
    handbook = folder / "handbook"
    shutil.copytree(HANDBOOK, handbook)
    (handbook / "boat.pdf").write_text(pdf("The library boat sails to the outer islands every second Friday."))
    (handbook / "broken.pdf").write_text("%PDF-1.4 and then nothing")
    (handbook / "latin.txt").write_bytes("Grüße".encode("latin-1"))
    (handbook / "picture.png").write_bytes(b"\x89PNG\r\n")
    shelf = Shelf(binary, folder / "shelf")
    code, out, complaints = shelf.run("add", handbook, "--name", "library")
    assert code == 1, "two of them cannot be read, and that must show"
    assert "4 documents added" in out and "knowledge.collection" in out, out + complaints
    assert "broken.pdf: pdftotext cannot read it" in complaints and "latin.txt: it is not UTF-8" in complaints
    assert "1 files of other kinds were passed over" in complaints
    secret = folder / "secret"
    secret.mkdir()
    (secret / "vault.md").write_text("# The vault\n\nThe vault of the bank is opened at midnight with the green key.\n")
    assert shelf.run("add", secret, "--name", "bank")[0] == 0
    return shelf


@pytest.fixture(scope="module")
def handbook_server(start, shelf, tmp_path_factory):
    agents = tmp_path_factory.mktemp("agents") / "agents.toml"
    agents.write_text('[agents.banker]\nknowledge = "bank"\n\n[agents.nobody]\ndescription = "knows nothing"\n')
    return start(f"knowledge.folder={shelf.folder}", "knowledge.collection=library", "knowledge.budget_ms=2000",
                 f"agents.file={agents}")


async def asked(server, question, agent=None):
    """The sources of the answer, none if none were told; and the answer."""
    async with converse(server, extra_query={"agent": agent} if agent else None) as talk:
        await talk.update(output_modalities=["text"], instructions="Answer in one short sentence.")
        await talk.type(question)
        since = len(talk.events)
        await talk.connection.response.create()
        done = (await talk.until("response.done"))["response"]
        assert done["status"] == "completed"
        types = [event["type"] for event in talk.events[since:]]
        told = [event for event in talk.events if event["type"] == "antiphon.sources"]
        if not told:
            return None
        assert len(told) == 1 and told[0]["response_id"] == done["id"]
        assert types.index("antiphon.sources") > types.index("response.created")
        return told[0]["sources"]


@pytest.mark.parametrize(
    "question, document, title",
    [
        ("When is the library open on Thursdays?", "opening.md", "The Harbour Library"),
        ("How much does it cost when I bring a book back late?", "fees.html", "Fees and fines"),
        ("How large is the deposit for a telescope?", "equipment/telescopes.txt", "telescopes"),
        ("When does the boat sail to the outer islands?", "boat.pdf", "boat"),
    ],
)
async def test_an_answer_names_its_source(handbook_server, question, document, title):
    sources = await asked(handbook_server, question)
    assert sources and sources[0]["document"] == document, sources
    assert sources[0]["title"] == title and 0.4 <= sources[0]["score"] <= 1


@pytest.mark.parametrize("question", ["What is seven times eight?", "Tell me a joke about penguins.", "Hello, how are you?"])
async def test_nothing_that_does_not_fit_is_used(handbook_server, question):
    assert await asked(handbook_server, question) is None


async def test_agents_see_only_their_own_documents(handbook_server):
    vault = "When is the vault of the bank opened?"
    sources = await asked(handbook_server, vault, agent="banker")
    assert [source["document"] for source in sources] == ["vault.md"]
    assert all(source["document"] != "vault.md" for source in await asked(handbook_server, vault) or [])
    for question in ("When is the library open on Thursdays?", "How large is the deposit for a telescope?"):
        assert await asked(handbook_server, question), "the plain agent's documents answer that"
        assert all(source["document"] == "vault.md" for source in await asked(handbook_server, question, agent="banker") or [])
    assert await asked(handbook_server, vault, agent="nobody") is None


async def test_a_collection_is_changed_while_the_server_runs(handbook_server, shelf):
    question = "Where is the key of the lighthouse kept?"
    assert not [s for s in await asked(handbook_server, question) or [] if s["document"] == "lighthouse.txt"]
    note = shelf.folder.parent / "lighthouse.txt"
    note.write_text("The key of the lighthouse is kept in the blue box behind the counter.")
    assert shelf.run("add", note, "--name", "library")[0] == 0
    assert (await asked(handbook_server, question))[0]["document"] == "lighthouse.txt"
    assert shelf.run("remove", "lighthouse.txt", "--name", "library")[0] == 0
    assert not [s for s in await asked(handbook_server, question) or [] if s["document"] == "lighthouse.txt"]


def test_the_command_shows_what_there_is(shelf):
    code, out, _ = shelf.run("list")
    assert code == 0 and "library  (" in out and "equipment/telescopes.txt" in out and "vault.md" in out
    code, out, _ = shelf.run("search", "When is the library open on Thursdays?", "--name", "library")
    assert code == 0 and "used  opening.md, Opening hours" in out.splitlines()[0], out
    assert shelf.run("remove", "none.md", "--name", "library")[0] == 1
    code, _, complaints = shelf.run("add", "/no/such/folder", "--name", "library")
    assert code == 1 and "it is not there" in complaints
    assert shelf.run("add", HANDBOOK, "--name", "../library")[0] == 1


def test_a_collection_of_another_embedder_is_refused(shelf):
    file = shelf.folder / "bank/passages.json"
    kept = file.read_text()
    try:
        header = json.loads(kept)
        file.write_text(json.dumps({**header, "model": "another-embedder"}))
        code, _, complaints = shelf.run("add", HANDBOOK, "--name", "bank")
        assert code == 1 and "was made with the embedder another-embedder" in complaints, complaints
        file.write_text(kept[: len(kept) // 2])
        code, _, complaints = shelf.run("search", "the vault", "--name", "bank")
        assert code == 1 and "is damaged" in complaints
    finally:
        file.write_text(kept)
