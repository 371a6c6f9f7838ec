"""The simulated lesion as instruments show it, and when each of them first does.

Every picture is a function of a result (or of a phantom), a time and an instrument by name, and an xarray
with units, sizes of voxels, and where it came from.
"""

from sim.imaging.detection.first_seen import METHODS, FirstSeen, first_seen
from sim.imaging.files.dicom import read_dicom, write_dicom
from sim.imaging.files.nifti import read_nifti, write_nifti
from sim.imaging.files.tiff import write_tiff
from sim.imaging.volumes.of_result import specimen
from sim.imaging.volumes.specimen import Specimen, phantom
from sim.imaging.volumes.volume import volume
from sim.imaging.xray.attenuation import ct_slope, mass_attenuation
from sim.imaging.xray.calcium_score import CalciumScore, calcium_score, thresholds
from sim.imaging.xray.ct import ct
from sim.imaging.xray.dual_energy import dual_energy
from sim.imaging.xray.instruments import Instrument, instruments
from sim.imaging.xray.radiograph import radiograph

__all__ = [
    "CalciumScore",
    "FirstSeen",
    "Instrument",
    "METHODS",
    "Specimen",
    "calcium_score",
    "ct",
    "ct_slope",
    "dual_energy",
    "first_seen",
    "instruments",
    "mass_attenuation",
    "phantom",
    "radiograph",
    "read_dicom",
    "read_nifti",
    "specimen",
    "thresholds",
    "volume",
    "write_dicom",
    "write_nifti",
    "write_tiff",
]
