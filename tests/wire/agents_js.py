"""What @openai/agents-realtime (0.20.0) demands of events, as its zod schemas say it.

An event that does not fit becomes "generic" there and is passed over in silence; an item that does not fit throws.
"""

STATUS = ("in_progress", "completed", "incomplete")
NONE = type(None)


class Misfit(AssertionError):
    pass


def need(condition, what, where):
    if not condition:
        raise Misfit(f"{what}: {where}")


def fields(value, where, **kinds):
    for name, kind in kinds.items():
        optional = name.endswith("_")
        name = name.rstrip("_")
        if optional and name not in value:
            continue
        need(name in value, f"{name} is missing", where)
        # To Python, but not to JSON, true is a number.
        need(isinstance(value[name], kind) and not isinstance(value[name], bool), f"{name} is {value[name]!r}", where)


NUMBER = (int, float)
TEXT_OR_NULL = (str, NONE)


def content(part, where):
    """conversationItemContentSchema"""
    fields(part, where, id_=str, audio_=TEXT_OR_NULL, text_=TEXT_OR_NULL, transcript_=TEXT_OR_NULL)
    kinds = ("input_text", "input_audio", "item_reference", "output_text", "audio", "output_audio")
    need(part.get("type") in kinds, f"content of type {part.get('type')}", where)


def item(value, where):
    """conversationItemSchema, and for messages what is made of them: realtimeMessageItemSchema"""
    fields(value, where, id_=str, arguments_=str, call_id_=str, name_=str, output_=TEXT_OR_NULL, content_=list)
    need(value.get("role", "user") in ("user", "assistant", "system"), "role", where)
    need(value.get("status", "completed") in STATUS, "status", where)
    need(value.get("type", "message") in ("message", "function_call", "function_call_output"), "type", where)
    for part in value.get("content", []):
        content(part, where)
    if value.get("type") != "message":
        return
    for part in value["content"]:
        if value["role"] == "system":
            need(part["type"] == "input_text", "content of a system message", where)
        if part["type"] in ("input_text", "output_text"):
            fields(part, where, text=str)
        if part["type"] == "input_audio":
            fields(part, where, transcript=TEXT_OR_NULL)


def tool_call(value, where):
    """realtimeToolCallItem, which is made of a finished function call"""
    fields(value, where, id=str, arguments=str, name=str, call_id=str)


def response(value, where):
    """realtimeResponse"""
    fields(value, where, id_=TEXT_OR_NULL, conversation_id_=TEXT_OR_NULL, metadata_=(dict, NONE), output_=(list, NONE))
    fields(value, where, output_modalities_=(list, NONE), audio_=(dict, NONE))
    fields(value, where, status_details_=(dict, NONE), usage_=(dict, NONE))
    limit = value.get("max_output_tokens")
    need(limit in (None, "inf") or isinstance(limit, NUMBER), "max_output_tokens", where)
    need(value.get("object") in (None, "realtime.response"), "object", where)
    need(value.get("status") in (None, "failed", "cancelled", *STATUS), "status", where)
    if value.get("audio"):
        fields(value["audio"].get("output") or {}, where, voice_=TEXT_OR_NULL)
    if value.get("usage"):
        fields(value["usage"], where, input_tokens_=NUMBER, output_tokens_=NUMBER)
        fields(value["usage"], where, input_token_details_=(dict, NONE), output_token_details_=(dict, NONE))


def usage(value, where):
    if value.get("type") == "duration":
        fields(value, where, seconds=NUMBER)
    else:
        need(value.get("type") == "tokens", "usage", where)
        fields(value, where, total_tokens=NUMBER, input_tokens=NUMBER, output_tokens=NUMBER, input_token_details=dict)
        fields(value["input_token_details"], where, text_tokens=NUMBER, audio_tokens=NUMBER)


PLACE = dict(item_id=str, output_index=NUMBER, response_id=str)
PART = dict(PLACE, content_index=NUMBER)
EVENTS = {
    "conversation.created": dict(conversation=dict),
    "conversation.item.added": dict(item=dict, previous_item_id_=TEXT_OR_NULL),
    "conversation.item.done": dict(item=dict, previous_item_id_=TEXT_OR_NULL),
    "conversation.item.deleted": dict(item_id=str),
    "conversation.item.input_audio_transcription.completed": dict(
        item_id=str, content_index=NUMBER, transcript=str, usage_=dict
    ),
    "conversation.item.input_audio_transcription.delta": dict(item_id=str, content_index_=NUMBER, delta_=str),
    "conversation.item.input_audio_transcription.failed": dict(item_id=str, content_index=NUMBER, error=dict),
    "conversation.item.retrieved": dict(item=dict),
    "conversation.item.truncated": dict(item_id=str, audio_end_ms=NUMBER, content_index=NUMBER),
    "error": {},
    "input_audio_buffer.cleared": {},
    "input_audio_buffer.committed": dict(item_id=str, previous_item_id_=TEXT_OR_NULL),
    "input_audio_buffer.speech_started": dict(item_id=str, audio_start_ms=NUMBER),
    "input_audio_buffer.speech_stopped": dict(item_id=str, audio_end_ms=NUMBER),
    "output_audio_buffer.started": {},
    "output_audio_buffer.stopped": {},
    "output_audio_buffer.cleared": {},
    "rate_limits.updated": dict(rate_limits=list),
    "response.output_audio.delta": dict(PART, delta=str),
    "response.output_audio.done": PART,
    "response.output_audio_transcript.delta": dict(PART, delta=str),
    "response.output_audio_transcript.done": dict(PART, transcript=str),
    "response.content_part.added": dict(PART, part=dict),
    "response.content_part.done": dict(PART, part=dict),
    "response.created": dict(response=dict),
    "response.done": dict(response=dict),
    "response.function_call_arguments.delta": dict(PLACE, call_id=str, delta=str),
    "response.function_call_arguments.done": dict(PLACE, call_id=str, arguments=str),
    "response.output_item.added": dict(item=dict, output_index=NUMBER, response_id=str),
    "response.output_item.done": dict(item=dict, output_index=NUMBER, response_id=str),
    "response.output_text.delta": dict(PART, delta=str),
    "response.output_text.done": dict(PART, text=str),
    "session.created": dict(session=dict),
    "session.updated": dict(session=dict),
}
# Sent by us and not among its events, so "generic" there whatever they look like.
GENERIC = {"input_audio_buffer.timeout_triggered"}


def check(event):
    """Raises Misfit if the client would pass the event over, or throw."""
    kind = event["type"]
    if kind in GENERIC:
        return
    need(kind in EVENTS, "an event that the client does not know", event)
    fields(event, event, event_id=str, **EVENTS[kind])
    if "item" in EVENTS[kind]:
        item(event["item"], event)
        if event["item"]["type"] == "function_call" and event["item"].get("status") == "completed":
            tool_call(event["item"], event)
    if "response" in EVENTS[kind]:
        response(event["response"], event)
    if "part" in EVENTS[kind]:
        fields(event["part"], event, audio_=str, text_=str, transcript_=str)
        need(event["part"].get("type", "text") in ("text", "audio"), "the part's type", event)
    if "usage_" in EVENTS[kind] and "usage" in event:
        usage(event["usage"], event)
    if kind.endswith("transcription.failed"):
        fields(event["error"], event, code_=str, message_=str, param_=str, type_=str)
