#!/usr/bin/env python3
"""Diagnoses of real pipelines on real data: the verdict, the best advice as predicted and as realised, and remedies that were
planted by hand. Prints Markdown; --log keeps every predicted and realised gain. Needs a Python with torch (.venv/bin/python),
which scripts one of the networks."""

from pathlib import Path

import pipelines


def cases(options):
    data = [f"data.path='{options.cifar}'"]
    tokens = [f"data.path='{pipelines.word_tokens(options.work, options.text)}'"]
    checked, plain = (f"model.path='{pipelines.scripted(options.work, checked)}'" for checked in (True, False))
    return {  # name: recipe, settings, flags, planted remedies
        "CIFAR-10 JPEG, AugMix, one loader thread": ("cifar-augment.toml", data, [], ["without augmix"]),
        "CIFAR-10 JPEG, flips, one loader thread": ("cifar-decode.toml", data, [], ["loader.workers=2"]),
        "CIFAR-10 JPEG, flips, cold files": ("cifar-decode.toml", data, ["--cold"], ["loader.workers=2"]),
        "convnet, batch 8": ("convnet.toml", ["batch.size=8"], [], ["batch.size=16"]),
        "convnet, batch 1024": ("convnet.toml", ["batch.size=1024"], [], ["mixed_precision"]),
        "convnet, batch 1024, bf16": ("convnet.toml", ["batch.size=1024", "precision.compute='bf16'"], [], ["progressive_resizing"]),
        "GPT, 50,257 tokens": ("text.toml", tokens, [], ["mixed_precision"]),
        "wide MLP, AdamW, batch 16": ("wide-mlp.toml", [], [], ["batch.size=32"]),
        "small MLP, batch 8": ("small-mlp.toml", [], [], ["--threads 1"]),
        "convnet, a metric that waits every step": ("scripted.toml", [checked], [], [plain, "mixed_precision"]),
    }


def gain_text(realised):
    if realised is None:
        return "-"
    if realised["failed"]:
        return "failed"
    low, high = realised["interval"]["low"], realised["interval"]["high"]
    return f"{realised['gain']:.2f} ({low:.2f} to {high:.2f})"


def predicted_text(remedy):
    if remedy["bound_only"]:
        return f"at most {remedy['at_most']:.2f}"
    return f"{remedy['predicted']:.2f}"


def row(name, planted, found):
    verdict, first = found["verdict"], found["findings"][0]
    said = verdict["limit"] if verdict["decided"] else f"none ({first['limit']}?): {verdict['refusal']}"
    tried = {one["remedy"]["name"]: one for one in found["realised"]}
    best = (found["advice"]["remedies"] or [None])[0]
    advice = [best["name"], predicted_text(best), gain_text(tried.get(best["name"]))] if best else ["nothing pays", "-", "-"]
    share = "-" if first["share"] is None else f"{100 * first['share']:.0f}%"
    cells = [name, said, share, f"{100 * verdict['confidence']:.0f}%", *advice, " / ".join(planted),
             " / ".join(gain_text(tried.get(one)) for one in planted)]
    return "| " + " | ".join(cells) + " |"


def main():
    parser = pipelines.arguments(__doc__)
    parser.add_argument("--text", type=Path, required=True, help="a text for the GPT: Tiny Shakespeare")
    options = parser.parse_args()
    print("| pipeline | verdict | share | confidence | best advice | predicted | realised | planted | realised |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, (recipe, changes, flags, planted) in cases(options).items():
        if options.only and name not in options.only:
            continue
        tries = [word for one in planted for word in ("--try", one)]
        found = pipelines.diagnose(options, recipe, changes, "--apply", *tries, *flags)
        print(row(name, planted, found), flush=True)


if __name__ == "__main__":
    main()
