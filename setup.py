"""Map the five rooms at the top of the repository to one installed name.

Everything else about the package is in ``pyproject.toml``; only the list of packages is computed here,
so that a dataset or a check kept in a folder of its own is installed without being listed anywhere.
"""

from setuptools import find_packages, setup

ROOMS = ("builders", "validation", "train", "data_cards")

package_dir = {"openmed_data": "openmed_data"}
packages = ["openmed_data", *(f"openmed_data.{name}" for name in find_packages("openmed_data"))]
for room in ROOMS:
    package_dir[f"openmed_data.{room}"] = room
    packages += [f"openmed_data.{room}", *(f"openmed_data.{room}.{name}" for name in find_packages(room))]

setup(package_dir=package_dir, packages=packages)
