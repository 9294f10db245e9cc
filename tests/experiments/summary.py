"""From trials to numbers: what each experiment's results come to, and which bars they reach."""

import math
import statistics

MODES = ("ours", "swim", "memberlist")


def percentile(values, percent):
    """The nearest-rank percentile: a value that was measured."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def times(trials):
    first = [t for trial in trials for t in trial["first_s"]]
    everybody = [t for trial in trials for t in trial["all_s"]]
    return {
        "deaths": len(first),
        "median_s": round(statistics.median(first), 2),
        "p99_s": round(percentile(first, 99), 2),
        "all_median_s": round(statistics.median(everybody), 2),
        "all_p99_s": round(percentile(everybody, 99), 2),
    }


def false_positives(trials):
    cells = [cell for trial in trials for cell in trial["cells"]]
    total = {key: sum(cell[key] for cell in cells) for key in ("fp", "fp_healthy", "slow_failed")}
    total["messages_m"] = round(sum(cell["messages"] for cell in cells) / 1e6, 2)
    total["mib"] = round(sum(cell["bytes"] for cell in cells) / 2**20, 1)
    return total


def add_up(trials):
    keys = ("fp", "fp_at_healthy", "fp_of_healthy", "fp_healthy")
    return {key: sum(trial[key] for trial in trials) for key in keys}


def worst(trials):
    """Of each figure the worst over the seeds: the longest time, the most removals, any failure."""
    result = {}
    for key, value in trials[0].items():
        if key == "wall_s":
            continue
        values = [trial[key] for trial in trials]
        if isinstance(value, bool):
            result[key] = all(values)
        else:
            result[key] = round(max(values), 2)
    return result


# What a case's trials come to.
COMBINE = {"E1": false_positives, "E2": times, "E3": add_up}

# Columns of a table: the figure, its heading.
COLUMNS = {
    "E1": [("fp", "FP"), ("fp_healthy", "FP-"), ("slow_failed", "slow ones failed"),
           ("messages_m", "messages, M"), ("mib", "MiB")],
    "E2": [("median_s", "first: median s"), ("p99_s", "p99 s"), ("all_median_s", "all: median s"),
           ("all_p99_s", "p99 s"), ("deaths", "deaths")],
    "E3": [("fp", "verdicts, all false"), ("fp_at_healthy", "at healthy"),
           ("fp_of_healthy", "on healthy"), ("fp_healthy", "on healthy at healthy")],
    "E4": [("one_view_s", "one view, s"), ("sizes_told", "sizes told")],
    "E5": [("first_s", "first, s"), ("settled_s", "settled, s"), ("settled", "settled"),
           ("healthy_removed", "healthy removed"), ("changes_a_member", "changes of mind"),
           ("views_max", "views")],
    "E8": [("out_b", "B/s out"), ("in_b", "B/s in"), ("out_p99_b", "p99 node out"),
           ("packets", "packets/s out")],
    "E9": [("healed_s", "one view, s"), ("healed", "healed"), ("stays", "stays")],
    "E11": [("healed_s", "one view, s"), ("stays", "stays"),
            ("healthy_removed", "healthy removed"), ("faulty_removed", "verdicts on the faulty"),
            ("changes_a_member", "changes of mind"), ("suspicions", "suspicions")],
}
COLUMNS["E6"] = COLUMNS["E7"] = COLUMNS["E5"]
COLUMNS["E10"] = COLUMNS["E9"]
COLUMNS["E12"] = COLUMNS["E13"] = COLUMNS["E14"] = COLUMNS["E11"]

# Membership.md 2.2: the time to the first verdict by memberlist's rules, computed.
CALIBRATION = {"N=32": (7.7, 11.3), "N=128": (10.1, 13.8), "N=1000": (13.7, 17.3)}
# The tail is exponential with a mean of 1 s: so many deaths tell its p99 to 0.4 s, fewer tell less.
ENOUGH_FOR_P99 = 600


def combine(experiment, trials):
    return COMBINE.get(experiment, worst)(trials)


def overall(experiment, cases):
    """One mode's figures over all cases: those that a reader asks for first."""
    if experiment == "E1":
        return {key: round(sum(case[key] for case in cases.values()), 1)
                for key in ("fp", "fp_healthy", "messages_m", "mib")}
    if experiment == "E2":
        case = cases.get("N=128") or next(iter(cases.values()))
        return {"median_s": case["median_s"], "p99_s": case["p99_s"]}
    if experiment == "E3":
        return {key: sum(case[key] for case in cases.values())
                for key in ("fp", "fp_at_healthy", "fp_healthy")}
    keys = [key for key, _ in COLUMNS[experiment]]
    values = {}
    for key in keys:
        column = [case[key] for case in cases.values() if key in case]
        if column:
            values[key] = all(column) if isinstance(column[0], bool) else max(column)
    return values


def bars(results):
    """(bar, reached, passed) for each bar that the results can tell about."""
    rows = []

    def case_of(experiment, mode, name):
        return results.get(experiment, {}).get(mode, {}).get("cases", {}).get(name)

    def total(experiment, mode):
        return results.get(experiment, {}).get(mode)

    for name, (median, p99) in CALIBRATION.items():
        case = case_of("E2", "memberlist", name)
        if case is None:
            continue
        off = abs(case["median_s"] / median - 1)
        bar, reached = f"median {median} s", f"{case['median_s']} s"
        if case["deaths"] >= ENOUGH_FOR_P99:
            off = max(off, abs(case["p99_s"] / p99 - 1))
            bar, reached = f"{median} / {p99} s", f"{case['median_s']} / {case['p99_s']} s"
        rows.append((f"E2 memberlist mode, {name}: {bar} within 5 %",
                     f"{reached}, {off * 100:.1f} % off", off <= 0.05))
    ours, swim, memberlist = (total("E1", mode) for mode in MODES)
    if ours and swim and memberlist:
        of_swim = ours["fp"] / max(swim["fp"], 1)
        of_memberlist = ours["fp"] / max(memberlist["fp"], 1)
        rows.append(("E1: FP at most 0.5 % of pure SWIM's",
                     f"{ours['fp']} of {swim['fp']}, {of_swim * 100:.2f} %", of_swim <= 0.005))
        rows.append(("E1: FP at most a third of the memberlist mode's",
                     f"{ours['fp']} of {memberlist['fp']}, {of_memberlist * 100:.1f} %",
                     of_memberlist <= 1 / 3))
        rows.append(("E1: FP- zero", str(ours["fp_healthy"]), ours["fp_healthy"] == 0))
    case = case_of("E2", "ours", "N=128")
    if case:
        rows.append(("E2, N=128: median at most 4 s, p99 at most 6 s",
                     f"{case['median_s']} / {case['p99_s']} s",
                     case["median_s"] <= 4 and case["p99_s"] <= 6))
    case = case_of("E4", "ours", "N=2000 seeds=1")
    if case:
        rows.append(("E4: 2000 from one seed in one view in 20 s", f"{case['one_view_s']} s",
                     case["gathered"] and case["one_view_s"] <= 20))
    for experiment in ("E5", "E6", "E7"):
        for name, case in (total(experiment, "ours") or {}).get("cases", {}).items():
            rows.append((f"{experiment}, {name}: settled in 30 s, nobody healthy removed, 3 views",
                         f"{case['settled_s']} s{'' if case['settled'] else ', not settled'}, "
                         f"{case['healthy_removed']} removed, {case['views_max']} views",
                         case["settled"] and case["settled_s"] <= 30
                         and case["healthy_removed"] == 0 and case["views_max"] <= 3))
    idle = idle_load((total("E8", "ours") or {}).get("cases", {}))
    if idle:
        most = max(max(case["out_b"], case["in_b"]) for case in idle.values())
        large = [case["out_b"] for name, case in idle.items() if size_of(name) >= 100]
        rows.append(("E8: idle at most 2048 B/s a node each way, on the wire", f"{most} B/s",
                     most <= 2048))
        if len(large) > 1:
            spread = max(large) / min(large)
            rows.append(("E8: flat from N=100 on (within 25 %)", f"largest / least {spread:.2f}",
                         spread <= 1.25))
    for name, case in (total("E9", "ours") or {}).get("cases", {}).items():
        rows.append((f"E9, {name}: one view in 60 s", f"{case['healed_s']} s",
                     case["healed"] and case["healed_s"] <= 60 and case["stays"]))
    for experiment in ("E10", "E11", "E12", "E14"):
        for name, case in (total(experiment, "ours") or {}).get("cases", {}).items():
            rows.append((f"{experiment}, {name}: no lasting wrong view", f"{case['healed_s']} s",
                         case["healed"] and case["stays"]))
    for name, case in (total("E13", "ours") or {}).get("cases", {}).items():
        if name.endswith("loss_pct=0"):
            rows.append((f"E13, {name}: no false suspicion", str(case["suspicions"]),
                         case["suspicions"] == 0))
    return rows


def idle_load(cases):
    """Bytes of idle members; a modelled case in those of real QUIC, by a size of which both are."""
    load = {}
    for name, case in cases.items():
        load[name] = dict(case)
        if not name.endswith("modelled"):
            continue
        both = [size for size in map(size_of, cases)
                if {f"N={size} idle", f"N={size} modelled"} <= set(cases)]
        if not both:
            del load[name]
            continue
        real, model = (cases[f"N={both[-1]} {kind}"] for kind in ("idle", "modelled"))
        for key in ("out_b", "in_b"):
            load[name][key] = round(case[key] * real[key] / model[key], 1)
    return {name: case for name, case in load.items() if not name.endswith("churn")}


def size_of(case):
    for word in case.split():
        if word.startswith("N="):
            return int(word[2:])
    return 0


def shown(value):
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def table(experiment, modes):
    """A table in Markdown: a line for each case and mode."""
    columns = COLUMNS[experiment]
    lines = ["| case | mode | " + " | ".join(heading for _, heading in columns) + " |",
             "|---|---|" + "---|" * len(columns)]
    names = list(dict.fromkeys(name for mode in MODES if mode in modes
                               for name in modes[mode]["cases"]))
    for name in names:
        for mode in MODES:
            case = modes.get(mode, {}).get("cases", {}).get(name)
            if case is not None:
                lines.append(f"| {name} | {mode} | "
                             + " | ".join(shown(case.get(key, "")) for key, _ in columns) + " |")
    return "\n".join(lines)
