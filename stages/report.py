"""Write the report: one HTML page that needs no network.

Inputs: datasets, evaluations (those under cost limits, too), clusters, bounds and, as far as there are any, ablations,
Figure 4's points, partitions, studies of safe agents, other trained files and benchmark files, recognised by their
folders. Output: the page.

Example: python -m stages.report data/generated/navigation.hdf5 results/bound/navigation.json
         results/clusters/navigation/em/seeds-0-4.safetensors results/evaluation/navigation/empo/seeds-0-4.npz
         --output results/report.html
"""

from __future__ import annotations

from stages.command import Command
from stages.replacing import replacing
from stages.reporting.settings import ReportSettings


def main(files: list[str], output: str, settings: ReportSettings) -> None:
    """Gather the files, build the page, save it."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.reporting.gathering import gather
    from stages.reporting.page import build
    from stages.reporting.sections import SOURCES

    page = build(gather(files, SOURCES), settings)
    with replacing(output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"Report: {len(page.encode()) / 1e6:.1f} MB of {len(files)} files")
    print(f"Saved to {output}")


if __name__ == "__main__":
    Command(
        __doc__,
        {"files...": "datasets, evaluations, clusters, bounds and other results"},
        "page (HTML)",
        ReportSettings,
    ).run(main)
