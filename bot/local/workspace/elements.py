"""Slack's limits on the elements inside blocks: buttons, menus, inputs, confirm dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.local.workspace.checker import Checker

ACTIONS = frozenset({"button", "overflow", "static_select", "checkboxes", "radio_buttons"})
ACCESSORIES = ACTIONS | {"image"}
INPUTS = frozenset({"plain_text_input", "static_select", "checkboxes", "radio_buttons"})


def judge(check: Checker, element: Any, at: str, allowed: frozenset[str]) -> None:
    """Check one element; `allowed` are the types its place takes."""
    if not isinstance(element, dict):
        check.say("must be an object", at)
        return
    kind = str(element.get("type"))
    if kind not in allowed:
        check.say(f"unsupported type: {kind}", f"{at}/type")
        return
    keys, judge_element = _ELEMENTS[kind]
    check.only(element, keys | {"type"}, at)
    if kind != "image":
        check.string(element, "action_id", at, 255, required=False)
    judge_element(check, element, at)
    if "confirm" in element:
        _confirm(check, element["confirm"], f"{at}/confirm")


def _confirm(check: Checker, value: Any, at: str) -> None:
    if not isinstance(value, dict):
        check.say("must be an object", at)
        return
    check.only(value, frozenset({"title", "text", "confirm", "deny", "style"}), at)
    check.text(value, "title", at, 100, plain=True)
    check.text(value, "text", at, 300)
    check.text(value, "confirm", at, 30, plain=True)
    check.text(value, "deny", at, 30, plain=True)
    _style(check, value, at)


def _style(check: Checker, value: Mapping[str, Any], at: str) -> None:
    if str(value.get("style", "primary")) not in {"primary", "danger"}:
        check.say("must be one of: danger, primary", f"{at}/style")


def _button(check: Checker, element: Mapping[str, Any], at: str) -> None:
    check.text(element, "text", at, 75, plain=True)
    check.string(element, "value", at, 2_000, required=False)
    check.string(element, "accessibility_label", at, 75, required=False)
    if "url" in element:
        check.url(element, "url", at)
    _style(check, element, at)


def _image(check: Checker, element: Mapping[str, Any], at: str) -> None:
    check.string(element, "alt_text", at, 2_000)
    check.url(element, "image_url", at)


def _options(check: Checker, element: Mapping[str, Any], at: str, limit: int) -> None:
    for index, option in enumerate(check.listed(element, "options", at, limit)):
        place = f"{at}/options/{index}"
        if not isinstance(option, dict):
            check.say("must be an object", place)
            continue
        check.only(option, frozenset({"text", "value", "description", "url"}), place)
        check.text(option, "text", place, 75)
        check.string(option, "value", place, 150)
        check.text(option, "description", place, 75, required=False)


def _overflow(check: Checker, element: Mapping[str, Any], at: str) -> None:
    _options(check, element, at, 5)


def _select(check: Checker, element: Mapping[str, Any], at: str) -> None:
    check.text(element, "placeholder", at, 150, plain=True, required=False)
    _options(check, element, at, 100)


def _choices(check: Checker, element: Mapping[str, Any], at: str) -> None:
    _options(check, element, at, 10)


def _written(check: Checker, element: Mapping[str, Any], at: str) -> None:
    check.text(element, "placeholder", at, 150, plain=True, required=False)
    check.string(element, "initial_value", at, 3_000, required=False, minimum=0)


_BUTTON = {"text", "value", "url", "style", "accessibility_label"}
_COMMON = {"action_id", "confirm", "focus_on_load"}
_Judge = tuple[frozenset[str], "Callable[[Checker, Mapping[str, Any], str], None]"]
_ELEMENTS: dict[str, _Judge] = {
    "button": (frozenset(_COMMON | _BUTTON), _button),
    "image": (frozenset({"image_url", "alt_text"}), _image),
    "overflow": (frozenset(_COMMON | {"options"}), _overflow),
    "static_select": (
        frozenset(_COMMON | {"options", "placeholder", "initial_option"}),
        _select,
    ),
    "checkboxes": (frozenset(_COMMON | {"options", "initial_options"}), _choices),
    "radio_buttons": (frozenset(_COMMON | {"options", "initial_option"}), _choices),
    "plain_text_input": (
        frozenset(
            _COMMON | {"placeholder", "initial_value", "multiline", "min_length", "max_length"}
        ),
        _written,
    ),
}
