"""Holds what the server sends against the official clients' own types, more strictly than those clients do.

Every event must fit its pydantic model of the openai package without any conversion, and may have fields that the
models don't know only where the API itself has them and the models forget them, or under our own name.
"""

import pydantic
from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import RealtimeServerEvent

import agents_js

GA = pydantic.TypeAdapter(RealtimeServerEvent)
BETA = pydantic.TypeAdapter(BetaServerEvent)

# The model of an event's session is that of the request, which lacks what only the server can say.
FORGOTTEN = {
    "RealtimeSessionCreateRequest": {"id", "object"},
    "RealtimeTranscriptionSessionCreateRequest": {"id", "object"},
}
# The models of the beta are of its first days; these fields came later, or are the same as in GA.
FORGOTTEN_IN_BETA = {
    "Session": {"object", "tracing", "speed", "input_audio_noise_reduction", "max_response_output_tokens"},
    "ConversationItemInputAudioTranscriptionCompletedEvent": {"usage"},
    "InputAudioTranscription": {"language", "prompt", "keywords", "languages", "delay"},
    "TurnDetection": {"idle_timeout_ms"},
    "ResponseFunctionCallArgumentsDoneEvent": {"name"},
    "RealtimeResponse": {"max_output_tokens"},
    "RealtimeResponseUsage": set(),
    "InputTokenDetails": {"image_tokens", "cached_tokens_details"},
}


def unknown_fields(value, forgotten, path=""):
    """The paths of all fields that the models don't know."""
    if isinstance(value, pydantic.BaseModel):
        allowed = forgotten.get(type(value).__name__, set())
        for name in value.model_extra or {}:
            if not name.startswith("antiphon") and name not in allowed:
                yield f"{path}.{name} ({type(value).__name__})"
        for name in type(value).model_fields:
            yield from unknown_fields(getattr(value, name), forgotten, f"{path}.{name}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from unknown_fields(one, forgotten, f"{path}[{index}]")


def check(event):
    assert isinstance(event.get("event_id"), str) and event["event_id"], event
    if event["type"].startswith("antiphon."):
        return
    unknown = list(unknown_fields(GA.validate_python(event, strict=True), FORGOTTEN, event["type"]))
    assert not unknown, f"{unknown} in {event}"
    agents_js.check(event)


def check_beta(event):
    assert isinstance(event.get("event_id"), str) and event["event_id"], event
    if event["type"].startswith("antiphon."):
        return
    unknown = list(unknown_fields(BETA.validate_python(event, strict=True), FORGOTTEN_IN_BETA, event["type"]))
    assert not unknown, f"{unknown} in {event}"
