"""What pyproject.toml cannot say: the configs of the clone are shipped as aejax/configs."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["aejax*"]),
        *(f"aejax.{name}" for name in find_packages(include=["configs*"])),
    ],
    package_dir={"aejax.configs": "configs"},
)
