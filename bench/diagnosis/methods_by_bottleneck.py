#!/usr/bin/env python3
"""What a method gains in time a step under different bottlenecks, as a table and a figure: the survey's point that a method pays
where it relieves what binds. Thin lines are from the least to the most of five rounds."""

from pathlib import Path

import pipelines

METHODS = ["mixed_precision", "progressive_resizing", "colout", "layer_freezing", "selective_backprop", "sam"]


def cases(options):
    small = ["model.widths=[4, 4]", "batch.size=2"]
    update = ["model.widths=[8, 16]", "model.hidden=[4096, 4096]", "batch.size=8"]
    return {
        "augmentation": ("cifar-augment.toml", [f"data.path='{options.cifar}'", "loader.augment='batch'"]),
        "arithmetic": ("convnet.toml", []),
        "starting operators": ("convnet.toml", small),
        "update": ("convnet-adamw.toml", update),
    }


def svg(rows, columns, gains):
    """Bars around 1, a panel a bottleneck; `gains`: of a pipeline, by method, the gain with its interval."""
    panel, row, left = 190, 22, 150
    width, height = left + panel * len(columns) + 10, 50 + row * len(rows)
    most = 2.0

    def x_of(column, gain):
        return left + panel * column + 20 + (panel - 60) * min(gain, most) / most

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for column, name in enumerate(columns):
        one = x_of(column, 1)
        out.append(f'<text x="{x_of(column, 0):.0f}" y="18" font-weight="bold">{name}</text>')
        out.append(f'<line x1="{one:.0f}" x2="{one:.0f}" y1="26" y2="{height - 8}" stroke="#888" stroke-dasharray="3 3"/>')
    for line, method in enumerate(rows):
        y = 34 + row * line
        out.append(f'<text x="4" y="{y + 11}">{method}</text>')
        for column, name in enumerate(columns):
            realised = gains[name].get(method)
            if realised is None:
                out.append(f'<text x="{x_of(column, 0):.0f}" y="{y + 11}" fill="#777">does not apply</text>')
                continue
            gain, low, high = realised
            begin, end = sorted((x_of(column, 1), x_of(column, gain)))
            colour = "#2a7f5c" if gain >= 1.03 else "#b5432e" if gain < 0.97 else "#999"
            out.append(f'<rect x="{begin:.1f}" y="{y}" width="{max(end - begin, 1):.1f}" height="14" fill="{colour}"/>')
            out.append(f'<line x1="{x_of(column, low):.1f}" x2="{x_of(column, high):.1f}" y1="{y + 7}" y2="{y + 7}" stroke="#222"/>')
            out.append(f'<text x="{x_of(column, most) + 4:.0f}" y="{y + 11}">{gain:.2f}</text>')
    return "\n".join(out + ["</svg>\n"])


def main():
    parser = pipelines.arguments(__doc__)
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    gains, verdicts = {}, {}
    for name, (recipe, changes) in cases(options).items():
        words = [word for method in METHODS for word in ("--try", method)]
        found = pipelines.diagnose(options, recipe, changes, *words)
        verdicts[name] = found["verdict"]["limit"] or "no verdict"
        gains[name] = {one["remedy"]["name"]: None if one["failed"] else
                       (one["gain"], one["interval"]["low"], one["interval"]["high"]) for one in found["realised"]}
    names = list(gains)
    print("| method | " + " | ".join(f"{name} ({verdicts[name]})" for name in names) + " |")
    print("|---|" + "---|" * len(names))
    for method in METHODS:
        cells = [gains[name].get(method) for name in names]
        print(f"| {method} | " + " | ".join("-" if cell is None else "{:.2f} ({:.2f} to {:.2f})".format(*cell) for cell in cells) + " |")
    if options.svg:
        options.svg.write_text(svg(METHODS, names, gains))


if __name__ == "__main__":
    main()
