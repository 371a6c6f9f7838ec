"""The simulated lesion as instruments show it, and when each of them first does.

Every picture is a function of a result (or of a phantom), a time and an instrument by name, and an xarray
with units, sizes of voxels, and where it came from.
"""

from sim.imaging.detection.first_seen import METHODS, FirstSeen, first_seen
from sim.imaging.files.dicom import read_dicom, write_dicom
from sim.imaging.files.nifti import read_nifti, write_nifti
from sim.imaging.files.tiff import write_tiff
from sim.imaging.resonance.instruments import Scanner, scanners
from sim.imaging.resonance.scan import gradient_echo, mri
from sim.imaging.sections.reading import stain_density, stain_levels, stain_mask
from sim.imaging.sections.section import histology
from sim.imaging.sections.stains import stains
from sim.imaging.sections.unmixing import unmixed
from sim.imaging.volumes.of_result import specimen
from sim.imaging.volumes.specimen import Specimen, phantom
from sim.imaging.volumes.volume import volume
from sim.imaging.xray.attenuation import ct_slope, mass_attenuation
from sim.imaging.xray.calcium_score import CalciumScore, calcium_score, thresholds
from sim.imaging.xray.ct import ct
from sim.imaging.xray.dual_energy import dual_energy
from sim.imaging.xray.instruments import Instrument, instruments
from sim.imaging.xray.measured_mineral import mineral_map, sites_map
from sim.imaging.xray.mineral_density import mineral_density
from sim.imaging.xray.radiograph import radiograph

__all__ = [
    "CalciumScore",
    "FirstSeen",
    "Instrument",
    "METHODS",
    "Scanner",
    "Specimen",
    "calcium_score",
    "ct",
    "ct_slope",
    "dual_energy",
    "first_seen",
    "gradient_echo",
    "histology",
    "instruments",
    "mass_attenuation",
    "mineral_density",
    "mineral_map",
    "mri",
    "phantom",
    "radiograph",
    "scanners",
    "sites_map",
    "read_dicom",
    "read_nifti",
    "specimen",
    "stain_density",
    "stain_levels",
    "stain_mask",
    "stains",
    "thresholds",
    "unmixed",
    "volume",
    "write_dicom",
    "write_nifti",
    "write_tiff",
]
