"""What vision-language models are asked about pictures and clips, by name or in one's own words."""

from __future__ import annotations

from tamis.errors import SettingError

_ALONE = "Answer with the description alone."
_SEEN = "Say only what can be seen, and guess nothing."
PROMPTS = {
    "picture": {
        "default": (
            "Describe this picture in detail: what it shows and where, how the things in it look "
            f"and how they lie to each other, the light and the style. {_SEEN} {_ALONE}"
        ),
    },
    "video": {
        "default": (
            "Describe this video in detail: the place, who and what is to be seen, what happens "
            f"in which order, and how the camera moves. {_SEEN} {_ALONE}"
        ),
        "av": (
            "A camera on a vehicle took this video. Describe in one paragraph the weather, the "
            "light and the state of the road; what road it is, its lanes, signs, markings and "
            "traffic lights; the other road users, where they are and what each of them does; and "
            "how the vehicle itself drives: its speed, lane, turns and stops, and what it has to "
            f"look out for. {_SEEN} {_ALONE}"
        ),
        "av-surveillance": (
            "A fixed camera that watches traffic took this video. Describe in one paragraph the "
            "place and what the camera overlooks, the weather and the light; the vehicles and "
            "people, where they come from and where they go; who waits, yields or breaks a rule; "
            f"and anything out of the ordinary, such as a near miss. {_SEEN} {_ALONE}"
        ),
    },
}
REFINE = (
    "This is a first description of what you see:\n\n{caption}\n\nLook again. Correct what is "
    "wrong, add what is missing, leave out what cannot be seen, and write a clear and precise "
    f"description. {_ALONE}"
)
PLACE = "{caption}"


def prompt_of(kind: str, prompt: str) -> str:
    """The words of a prompt of "picture" or "video"; what is no name is the prompt itself.

    >>> prompt_of("video", "What happens here?")
    'What happens here?'
    """
    known = PROMPTS[kind]
    if prompt in known:
        return known[prompt]
    if len(prompt.split()) < 2:
        raise SettingError(f"prompt={prompt!r}: {', '.join(known)}, or words of your own")
    return prompt


def second_prompt(refine: str | None) -> str | None:
    """The words that give a first caption back, `{caption}` in them; None where nothing is asked.

    >>> second_prompt("Make it shorter:")
    'Make it shorter:\\n\\n{caption}'
    """
    if refine is None:
        return None
    if refine == "default":
        return REFINE
    if len(refine.split()) < 2:
        raise SettingError(f"refine={refine!r}: default, or words of your own")
    return refine if PLACE in refine else f"{refine}\n\n{PLACE}"
