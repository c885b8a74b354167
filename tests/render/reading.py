"""A message as a person reads it: dates on a UTC clock, thin gaps as blanks, no markup."""

import html
import re


def read(text):
    text = re.sub(r"<!date\^[^|]*\|([^<>]*?) UTC>", r"\1", text)
    text = re.sub(r"<https?:[^|>]*\|([^>]*)>", r"\1", text)
    return html.unescape(text.replace("*", "").replace("\u202f", " ").replace("\u00a0", " "))


def lines(message):
    """Every line of the blocks, buttons as [ Label ] rows."""
    out = []
    for block in message.blocks:
        if block["type"] == "actions":
            out.append(" ".join(f"[ {e['text']['text']} ]" for e in block["elements"]))
        else:
            for holder in [block.get("text"), *block.get("elements", [])]:
                out += read(holder["text"]).split("\n") if holder else []
    return out
