"""Holds what the server sends against the official clients' own types, more strictly than those clients do.

Every event must fit its pydantic model of the openai package without any conversion, and may have fields that the
models don't know only where the API itself has them and the models forget them, or under our own name.
"""

import typing

import pydantic
from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import RealtimeServerEvent

import agents_js


def models(union):
    """The model of each type of event."""
    members = typing.get_args(typing.get_args(union)[0])
    return {typing.get_args(member.model_fields["type"].annotation)[0]: member for member in members}


GA = models(RealtimeServerEvent)
BETA = models(BetaServerEvent)
# The beta's last days had them, its models have not.
LATER_IN_BETA = {"input_audio_buffer.timeout_triggered"}

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


def hold_against(models, forgotten, event):
    assert isinstance(event.get("event_id"), str) and event["event_id"], event
    if event["type"].startswith("antiphon."):
        return
    assert event["type"] in models, f"the official client knows no {event['type']}"
    unknown = list(unknown_fields(models[event["type"]].model_validate(event, strict=True), forgotten, event["type"]))
    assert not unknown, f"{unknown} in {event}"


def check(event):
    hold_against(GA, FORGOTTEN, event)
    if not event["type"].startswith("antiphon."):
        agents_js.check(event)


def check_beta(event):
    if event["type"] not in LATER_IN_BETA:
        hold_against(BETA, FORGOTTEN_IN_BETA, event)
