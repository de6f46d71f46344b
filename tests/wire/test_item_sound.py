"""Sound that comes inside an item instead of through the buffer."""

import base64

from conversation import converse
from speech import country_question
from test_spoken import words_of


async def test_sound_in_an_item(server):
    """Recognized like any other; the words are there when they are needed."""
    async with converse(server) as talk:
        await talk.update(output_modalities=["text"], max_output_tokens=20)
        audio = base64.b64encode(country_question()).decode()
        item = {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": audio}]}
        added = (await talk.reaction({"type": "conversation.item.create", "item": item}, kind="conversation.item.added"))["item"]
        assert added["content"][0].keys() == {"type", "transcript"}
        await talk.connection.response.create()
        # What is answered, and whether twenty tokens are enough for it, is not the point.
        assert (await talk.until("response.done"))["response"]["status"] in ("completed", "incomplete")
        whole = await talk.reaction(
            {"type": "conversation.item.retrieve", "item_id": added["id"]}, kind="conversation.item.retrieved"
        )
        assert "country" in words_of(whole["item"]["content"][0]["transcript"])
