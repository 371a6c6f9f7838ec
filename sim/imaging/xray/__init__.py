"""What x-rays show: attenuation and spectra, CT with its calcium scores, radiographs."""
