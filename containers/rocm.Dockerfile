# openmed-data with everything that training on AMD Instinct needs: one GPU, or the eight of one machine.
#
#   docker build --file containers/rocm.Dockerfile --build-arg IMAGE=vllm/vllm-openai-rocm:TAG --tag openmed-data-rocm .
#
# Written from vLLM's and AMD's documents; this project has no AMD GPU, so it was neither built nor run. The last step
# fails where the image's torch is not one for ROCm, so a build that ends is at least the right kind of thing.

# The image brings ROCm, torch and vLLM that were built for each other: name a tag, and preferably its digest.
ARG IMAGE=vllm/vllm-openai-rocm:latest
FROM ${IMAGE}

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

WORKDIR /opt/openmed-data

# What the image holds may not be replaced: pip would take torch for CUDA. So every version of it is a constraint.
COPY containers/installed.py containers/
RUN python3 containers/installed.py > /opt/image.txt

COPY pyproject.toml setup.py README.md LICENSE ./
COPY openmed_data openmed_data
COPY builders builders
COPY validation validation
COPY train train
COPY data_cards data_cards
RUN python3 -m pip install --constraint /opt/image.txt '.[train,evaluate]' 'lm-eval[hf]'

# mergekit pins packages that the others need in newer versions; it works on the CPU and is called by its command.
COPY constraints/merge.txt constraints/
RUN python3 -m venv /opt/merge \
    && /opt/merge/bin/pip install --constraint constraints/merge.txt mergekit \
    && ln -s /opt/merge/bin/mergekit-yaml /usr/local/bin/mergekit-yaml

# IFEval's sentence splitter, which the harness would fetch while it runs.
ENV NLTK_DATA=/opt/nltk
RUN python3 -m nltk.downloader -d /opt/nltk punkt_tab

RUN python3 -c 'import torch; assert torch.version.hip, f"torch {torch.__version__} is not built for ROCm"' \
    && openmed-data --version

WORKDIR /workspace
ENTRYPOINT []
CMD ["openmed-data", "doctor", "--recipe", "afm-4.5b", "--profile", "mi300x-8"]
