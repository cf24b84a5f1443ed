"""report.json and report.html: one file each, complete in itself."""

import html
import json
import os
import platform
import time

import figures

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 180, 64, 22

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #1b1b1b;
background: #fff } h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3em .6em;
border-bottom: 1px solid #ddd } td.n { text-align: right; font-variant-numeric: tabular-nums }
.passed { color: #0a6b2d; font-weight: 600 } .failed { color: #b00020; font-weight: 600 }
.no_verdict { color: #8a5a00; font-weight: 600 } svg { width: 100%; height: auto; margin: .4em 0 1.2em }
pre { background: #f5f5f5; padding: .8em; overflow-x: auto }
"""

CHARTS = [("online", "terminals online", False, 1), ("frames_received", "frames a second", True, 1),
          ("readings_committed", "readings committed a second", True, 1),
          ("requests_sent", "requests a second", True, 1), ("slots_open", "open slots", False, 1),
          ("cpu_s", "CPU of fepd, cores", True, 1), ("rss", "memory of fepd, MB", False, 1 / 1048576),
          ("fds", "descriptors of fepd", False, 1), ("commit_p99_us", "commit p99, ms", False, 0.001),
          ("account_behind", "account behind the journal, commits", False, 1)]


def machine():
    model = "unknown"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    return {"cpu": model, "cpus": os.cpu_count(), "system": f"{platform.system()} {platform.release()}",
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20}


def make(run):
    measured = figures.indexes(run)
    return frame(run, measured, figures.acceptance(run["plan"], measured))


def frame(run, measured, rows):
    """A report of what was measured and how it was accepted."""
    status = run["status"]
    return {"report": 1, "scenario": run["plan"]["name"], "says": run["plan"]["says"], "seed": run["plan"]["seed"],
            "made": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": machine(), "fepd": status.get("version", ""),
            "verdict": figures.verdict(rows, run), "acceptance": rows, "indexes": measured, "seconds": run["seconds"],
            "limits": run["limits"], "faults": run["faults"], "facts": run["facts"],
            "asks": run["figures"].get("asks"), "accounts": run["figures"].get("accounts"),
            "healthy": run["figures"].get("healthy"), "twin": figures.indexes(run["twin"]) if run.get("twin") else None,
            "floor": run["figures"].get("floor"), "threads": run["threads"],
            "metrics": status.get("metrics", {}), "hops": status.get("hops", []), "refused": status.get("refused", {}), "closed": status.get("closed", {}), "kills": run["kills"],
            "starts": run["starts"], "generators": run["generators"], "plan": run["plan"], "samples": run["samples"]}


def number(value):
    if value is None:
        return "not measured"
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"


def _series(samples, key, rate):
    points, before = [], None
    for row in samples:
        if key not in row:
            continue
        if not rate:
            points.append((row["t"], row[key]))
        elif before and row["t"] > before[0] and row[key] >= before[1]:
            points.append((row["t"], (row[key] - before[1]) / (row["t"] - before[0])))
        before = (row["t"], row[key])
    return points


def _chart(samples, key, title, rate, factor):
    points = [(t, value * factor) for t, value in _series(samples, key, rate)]
    if len(points) < 2 or not any(value for _, value in points):
        return ""
    t0, t1 = points[0][0], points[-1][0]
    top = max(value for _, value in points) * 1.05
    x = lambda t: LEFT + (t - t0) / ((t1 - t0) or 1) * (WIDTH - LEFT - 8)
    y = lambda value: HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - 18)
    line = " ".join(f"{x(t):.1f},{y(value):.1f}" for t, value in points)
    marks = "".join(f'<text x="{LEFT - 6}" y="{y(part * top) + 4:.1f}" text-anchor="end">{number(round(part * top, 2))}'
                    f'</text><line x1="{LEFT}" x2="{WIDTH - 8}" y1="{y(part * top):.1f}" y2="{y(part * top):.1f}" '
                    'stroke="#e4e4e4"/>' for part in (0, 0.5, 0.95))
    return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}" font-size="11" '
            f'font-family="system-ui, sans-serif"><text x="{LEFT}" y="12" font-weight="600">{html.escape(title)}</text>'
            f'{marks}<polyline fill="none" stroke="#0b57a4" stroke-width="1.5" points="{line}"/>'
            f'<text x="{LEFT}" y="{HEIGHT - 6}">{t0:.0f} s</text>'
            f'<text x="{WIDTH - 8}" y="{HEIGHT - 6}" text-anchor="end">{t1:.0f} s</text></svg>')


def _rows(rows):
    return "".join("<tr>" + "".join(f'<td class="{kind}">{html.escape(str(text))}</td>' for kind, text in row) +
                   "</tr>" for row in rows)


def page(report):
    accepted = _rows([[("", row["index"]), ("n", f"{row['sense']} {number(row['target'])} {row['unit']}"),
                       ("n", f"{number(row['measured'])} {row['unit']}"),
                       ("passed" if row["passed"] else "failed", "pass" if row["passed"] else "fail"),
                       ("", row["meaning"])] for row in report["acceptance"]])
    measured = _rows([[("", name), ("n", number(value))] for name, value in report["indexes"].items()])
    lists = "".join(f"<h2>{title}</h2><ul>{''.join(f'<li>{html.escape(str(one))}</li>' for one in report[key])}</ul>"
                    for key, title in (("limits", "Why there is no verdict"), ("faults", "What did not hold"))
                    if report[key])
    counts = "".join(f"<h2>{title}</h2><table>{_rows([[('', name), ('n', number(count))] for name, count in report[key].items()])}</table>"
                     for key, title in (("refused", "Frames refused, by reason"), ("closed", "Sessions closed, by reason"))
                     if report[key])
    counts += "".join(f"<h2>{title}</h2><table>{_rows([[('', name), ('n', number(round(value, 3)))] for name, value in (report[key] or {}).items()])}</table>"
                      for key, title in (("threads", "CPU seconds of fepd in the window, by thread"),
                                         ("floor", "CPU microseconds a request of floor, with and without store"))
                      if report[key])
    charts = "".join(_chart(report["samples"], *chart) for chart in CHARTS)
    machine_text = ", ".join(f"{key} {value}" for key, value in report["machine"].items())
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(report['scenario'])}: {report['verdict']}</title>
<style>{STYLE}</style></head><body>
<h1>{html.escape(report['scenario'])}: <span class="{report['verdict']}">{report['verdict'].replace('_', ' ')}</span></h1>
<p>{html.escape(report['says'])}</p>
<p>{html.escape(report['made'])}; fepd {html.escape(report['fepd'])}; seed {report['seed']}; window
{report['seconds']:.1f} s; {html.escape(machine_text)}</p>
<h2>Acceptance</h2><table><tr><th>index</th><th>target</th><th>measured</th><th></th><th>what it is</th></tr>
{accepted}</table>{lists}
<h2>All that was measured</h2><table>{measured}</table>{counts}
<h2>In time</h2>{charts}
<h2>The scenario</h2><pre>{html.escape(json.dumps(report['plan'], indent=1, ensure_ascii=False))}</pre>
</body></html>
"""


def write(report, directory):
    """The paths of both files."""
    paths = os.path.join(directory, "report.json"), os.path.join(directory, "report.html")
    with open(paths[0], "w", encoding="utf-8") as file:
        json.dump(report, file, ensure_ascii=False, indent=1, default=str)
    with open(paths[1], "w", encoding="utf-8") as file:
        file.write(page(report))
    return paths
