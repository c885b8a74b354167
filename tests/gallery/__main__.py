"""``dev.py gallery``: photographs of everything that people are shown, at a phone's width."""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.gallery import samples, showing


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py gallery", description=__doc__)
    parser.add_argument("--out", default="gallery", type=Path, metavar="DIR")
    parser.add_argument("--only", default="", metavar="PREFIX", help="e.g. gate or card-waits")
    parser.add_argument("--each", action="store_true", help="a picture of each besides the sheets")
    chosen = parser.parse_args()
    if showing.CHROMIUM is None:
        print("no chromium: apt-get install chromium", file=sys.stderr)
        return 3
    chosen.out.mkdir(parents=True, exist_ok=True)
    return asyncio.run(photograph(chosen.out, chosen.only, each=chosen.each))


async def photograph(out: Path, prefix: str, *, each: bool) -> int:
    found = [one for one in samples.all_of_them() if one.name.startswith(prefix)]
    faults = 0
    async with showing.browsing() as browser:
        for scheme in showing.SCHEMES:
            shown = await showing.show(browser, found, scheme)
            for one in shown:
                faults += len(one.faults)
                for fault in one.faults:
                    print(f"{one.name} ({scheme}): {fault}")
                if each:
                    (out / f"{one.name}-{scheme}.png").write_bytes(one.png)
            print(*await showing.sheets(browser, shown, out), sep="\n")
    print(f"{len(found)} samples, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
