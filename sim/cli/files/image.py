"""`hapsim image RESULT.nc --ct`: a result as instruments show it, as a picture or a medical file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli import choices
from sim.cli.files.tissue import mri_png, section_png
from sim.cli.runs.files import result_file
from sim.errors import ConfigError

if TYPE_CHECKING:
    import xarray

ENDINGS = (".png", ".tif", ".tiff", ".nii", ".nii.gz")
DEFAULT = {"ct": "chest_ct", "xray": "chest", "mri": "gre_3T"}
STAIN = "he"


def _instruments() -> str:
    from sim.imaging import instruments, scanners

    by_kind = {k: [n for n, i in instruments().items() if i.kind == k] for k in ("ct", "radiograph")}
    of_ct, of_radiographs = (choices.word_list(names) for names in by_kind.values())
    of_mri = choices.word_list(scanners())
    return f"Of CT {of_ct}; of radiographs {of_radiographs}; of MRI {of_mri}."


def _stains() -> str:
    from sim.imaging import stains

    return f"Of --histology: {choices.word_list(list(stains()))}; {STAIN} when left out."


def _one_kind(context: click.Context, option: click.Parameter, given: bool) -> None:
    """Which picture is wanted, one of them."""
    kind = context.params.setdefault("kind", None)
    if given and kind:
        raise ConfigError(f"--{kind} and --{option.name} are two pictures; give one of them.")
    if given:
        context.params["kind"] = option.name


def _kind(name: str, words: str) -> Callable:
    return click.option(f"--{name}", is_flag=True, expose_value=False, callback=_one_kind, help=words)


@click.command(short_help="A result as CT, a radiograph, MRI or a stained section show it.")
@click.argument("result", type=click.Path(path_type=Path))
@_kind("ct", "Computed tomography, with calcium scores.")
@_kind("xray", "A radiograph.")
@_kind("mri", "A gradient-echo scan, its middle slice.")
@_kind("histology", "A stained section through the middle.")
@click.option("--at", metavar="TIME", help="When, as '90 day'; else the end.")
@click.option("--instrument", cls=choices.LateHelp, words=_instruments)
@click.option("--stain", cls=choices.LateHelp, words=_stains)
@click.option(
    "--magnification", type=float, help="Of --histology: 20 is 0.5 um a pixel; else the whole fits."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of noise, cells and grain.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File ending in .png, or of numbers in .tif, .nii or .nii.gz, or a folder for DICOM; else ct.png, "
    "xray.png, mri.png or histology.png beside the result.",
)
@click.option(
    "--variable",
    default="",
    metavar="NAME",
    help="What a file of numbers holds of --mri: phase, swi or susceptibility; magnitude when left out.",
)
@choices.force
@choices.debug
def image(
    result: Path,
    kind: str | None,
    at: str | None,
    instrument: str | None,
    stain: str | None,
    magnification: float | None,
    seed: int,
    out: Path | None,
    variable: str,
    force: bool,
) -> None:
    """A result as an instrument shows it; prints the files, and of CT the calcium scores.

    \b
    RESULT is a result.nc of `hapsim run`, or the folder it is in. DICOM and NIfTI need the extra imaging.
      hapsim image results/tb_caseous/result.nc --ct --at '2 year'
      hapsim image results/tb_caseous/result.nc --ct --instrument calcium_ct --out series
      hapsim image results/tb_caseous/result.nc --xray --instrument mammography --out film.png
      hapsim image results/tb_caseous/result.nc --histology --stain von_kossa --at '90 day'
      hapsim image results/tb_caseous/result.nc --mri --variable phase --out phase.nii.gz
    """
    from sim.imaging import ct, radiograph
    from sim.run.result import load as load_result

    if kind is None:
        raise ConfigError("which picture? Give --ct, --xray, --mri or --histology.")
    file = result_file(result)
    target = out or file.parent / f"{kind}.png"
    if kind != "histology" and (stain or magnification):
        raise ConfigError(
            "--stain and --magnification are of --histology; other pictures have an --instrument."
        )
    if kind == "histology" and instrument:
        raise ConfigError("--instrument is of --ct, --xray and --mri; --histology has a --stain.")
    if variable and (kind != "mri" or _ending(target) == ".png"):
        raise ConfigError("--variable is of --mri written as numbers, with --out phase.nii.gz for example.")
    if kind == "xray" and _ending(target) in (".nii", ".nii.gz", ""):
        raise ConfigError(
            f"{target}: a radiograph is written as .png or .tif; NIfTI and DICOM are for CT and MRI."
        )
    _free(target, force)
    found = load_result(file)
    if kind == "histology":
        from sim.imaging import histology

        section = histology(found, at, stain or STAIN, magnification, seed=seed)
        click.echo(_seen(section, section_png, target, variable))
        return
    name = instrument or DEFAULT[kind]
    if kind == "mri":
        from sim.imaging import mri

        click.echo(_seen(mri(found, at, name, seed), mri_png, target, variable))
        return
    if kind == "ct":
        picture = ct(found, at, name, seed)
        written = [_png(picture, target)] if _ending(target) == ".png" else _write(picture, target)
        for path in written:
            click.echo(path)
        if not picture.attrs["tube"]:
            from sim.imaging import calcium_score

            click.echo(calcium_score(picture))
        return
    film = radiograph(found, at, name, seed)
    if _ending(target) == ".png":
        click.echo(_png(film, target))
    else:
        click.echo(_write(film, target, "signal")[0])


def _seen(
    picture: xarray.Dataset, draw: Callable[[xarray.Dataset, Path], Path], target: Path, variable: str
) -> Path:
    """MRI or a section as a figure, or a variable of it as numbers."""
    if _ending(target) == ".png":
        return draw(picture, target)
    return _write(picture, target, variable)[0]


def _ending(target: Path) -> str:
    """The ending that says which kind of file is wanted; "" of a folder."""
    name = target.name.lower()
    known = [e for e in ENDINGS if name.endswith(e)]
    if not known and target.suffix and not target.is_dir():
        raise ConfigError(f"{target}: pictures are written as {', '.join(ENDINGS)}, or as DICOM in a folder.")
    return known[-1] if known else ""


def _free(target: Path, force: bool) -> None:
    folder = _ending(target) == ""
    if folder and target.exists() and not target.is_dir():
        raise ConfigError(f"{target} is a file; a DICOM series needs a folder.")
    taken = any(target.glob("*.dcm")) if folder else target.exists()
    if taken and not force:
        raise ConfigError(f"{target} is there already. Give another --out, or --force to overwrite.")


def _write(picture: xarray.DataArray | xarray.Dataset, target: Path, variable: str = "") -> list[Path]:
    """Write numbers as the file that the ending asks for."""
    ending = _ending(target)
    if ending in (".tif", ".tiff"):
        from sim.imaging.files.tiff import write_tiff

        return [write_tiff(picture, target, variable)]
    if ending:
        from sim.imaging.files.nifti import write_nifti

        return [write_nifti(picture, target, variable)]
    from sim.imaging.files.dicom import write_dicom

    written = write_dicom(picture, target, variable)
    for old in {*target.glob("*.dcm")}.difference(written):
        old.unlink()  # of a series that was there, now that the new one is
    return [target]


def _png(picture: xarray.DataArray | xarray.Dataset, target: Path) -> Path:
    from sim.plotting.imaging.scans import scan
    from sim.plotting.pictures import windowless_pyplot, write_picture

    plt = windowless_pyplot()
    target.parent.mkdir(parents=True, exist_ok=True)
    scan(picture)
    figure = plt.gcf()
    write_picture(figure, target, format="png")
    plt.close(figure)
    return target
