"""The child process that rasters one SVG: SVG on standard input, PNG on standard output.

A process of its own because the rasterizer holds the interpreter's lock while it draws.
"""

import sys
from importlib import resources

import resvg_py

FONT_FILE = "DejaVuSans.ttf"


def main() -> int:
    """Draw with our own font only, so that the picture is the same on every machine."""
    zoom = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    svg = sys.stdin.buffer.read().decode()
    with resources.as_file(resources.files("bot.render") / "fonts" / FONT_FILE) as font:
        drawn = resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=zoom,
            skip_system_fonts=True,
            font_files=[str(font)],
            font_family="DejaVu Sans",
            sans_serif_family="DejaVu Sans",
        )
    sys.stdout.buffer.write(bytes(drawn))
    return 0


if __name__ == "__main__":
    sys.exit(main())
