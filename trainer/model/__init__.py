"""The model as transformers knows it, and what turns text and images into its inputs."""

# It registers the model as soon as it is imported, which needs the modules of this package: it must
# come first, or one of them would be half imported then.
import transformers  # noqa: F401
