#!/bin/bash
# Builds, scans and releases one image. NAME, REPOSITORY, TAG and BASE come from the CodeBuild project.
# The tag is the digest of what is built: where it is there, nothing is done. It is put on an image that
# passed the scan alone; until then the image bears the build's own tag.
set -euo pipefail

candidate="candidate-${CODEBUILD_BUILD_NUMBER}"

if aws ecr describe-images --repository-name "$NAME" --image-ids "imageTag=$TAG" >/dev/null 2>&1; then
  echo "$NAME:$TAG is there already: nothing to build."
  exit 0
fi

aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
docker build --pull --build-arg "BASE=$BASE" --tag "$REPOSITORY:$candidate" .
docker push "$REPOSITORY:$candidate"

aws ecr wait image-scan-complete --repository-name "$NAME" --image-id "imageTag=$candidate"
critical=$(aws ecr describe-image-scan-findings --repository-name "$NAME" --image-id "imageTag=$candidate" \
  --query 'imageScanFindings.findingSeverityCounts.CRITICAL || `0`' --output text)
if [ "$critical" != 0 ]; then
  aws ecr batch-delete-image --repository-name "$NAME" --image-ids "imageTag=$candidate" >/dev/null
  echo "$NAME:$TAG has $critical critical findings and is not released." >&2
  exit 1
fi

manifest=$(aws ecr batch-get-image --repository-name "$NAME" --image-ids "imageTag=$candidate" \
  --query 'images[0].imageManifest' --output text)
aws ecr put-image --repository-name "$NAME" --image-tag "$TAG" --image-manifest "$manifest" >/dev/null
echo "$NAME:$TAG is released."
