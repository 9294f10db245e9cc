"""Bar charts of the experiments in SVG: a group for each case, a bar for each mode."""

import math

import summary

COLOURS = {"ours": "#2b6cb0", "swim": "#a0aec0", "memberlist": "#c05621"}

# What is drawn of each experiment, and whether its axis is logarithmic.
DRAWN = {
    "E1": ("fp", "false positives", True),
    "E2": ("median_s", "first verdict, median, s", False),
    "E3": ("fp", "false verdicts", True),
    "E4": ("one_view_s", "one view, s", False),
    "E5": ("settled_s", "settled, s", False),
    "E6": ("changes_a_member", "changes of mind", False),
    "E7": ("changes_a_member", "changes of mind", False),
    "E8": ("out_b", "bytes a second a node", False),
    "E9": ("healed_s", "one view after healing, s", False),
    "E10": ("healed_s", "one view, s", False),
    "E11": ("faulty_removed", "verdicts on the faulty", True),
    "E12": ("faulty_removed", "verdicts on the faulty", True),
    "E13": ("suspicions", "suspicions", True),
    "E14": ("changes_a_member", "changes of mind", False),
}

HEIGHT = 260
TOP, BOTTOM, LEFT = 40, 50, 70
BAR, GAP = 22, 26


def write_all(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (key, label, logarithmic) in DRAWN.items():
        if name in results:
            (folder / f"{name}.svg").write_text(chart(name, results[name], key, label, logarithmic))


def chart(name, modes, key, label, logarithmic):
    present = [mode for mode in summary.MODES if mode in modes]
    cases = list(dict.fromkeys(case for mode in present for case in modes[mode]["cases"]))
    values = {(mode, case): float(modes[mode]["cases"][case][key])
              for mode in present for case in cases if case in modes[mode]["cases"]}
    top = max([*values.values(), 1])

    def length(value):
        room = HEIGHT - TOP - BOTTOM
        share = math.log10(value + 1) / math.log10(top + 1) if logarithmic else value / top
        return share * room

    group = BAR * len(present) + GAP
    width = LEFT + max(group * len(cases), 90 * len(present)) + 20
    base = HEIGHT - BOTTOM
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" '
             f'font-family="sans-serif" font-size="11">',
             f'<rect width="{width}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="16" font-size="13">{name}: {label}'
             f'{" (logarithmic)" if logarithmic else ""}</text>',
             f'<line x1="{LEFT}" y1="{base}" x2="{width - 10}" y2="{base}" stroke="black"/>']
    for place, mode in enumerate(present):
        x = LEFT + place * 90
        parts.append(f'<rect x="{x}" y="22" width="10" height="10" fill="{COLOURS[mode]}"/>'
                     f'<text x="{x + 14}" y="31">{mode}</text>')
    for column, case in enumerate(cases):
        left = LEFT + GAP / 2 + column * group
        for place, mode in enumerate(present):
            value = values.get((mode, case))
            if value is None:
                continue
            tall = length(value)
            x = left + place * BAR
            parts.append(f'<rect x="{x}" y="{base - tall:.1f}" width="{BAR - 3}" '
                         f'height="{tall:.1f}" fill="{COLOURS[mode]}"/>'
                         f'<text x="{x + (BAR - 3) / 2}" y="{base - tall - 3:.1f}" '
                         f'text-anchor="middle" font-size="9">{value:g}</text>')
        parts.append(f'<text x="{left + BAR * len(present) / 2}" y="{base + 14}" '
                     f'text-anchor="middle" font-size="9">{case}</text>')
    return "\n".join([*parts, "</svg>", ""])
