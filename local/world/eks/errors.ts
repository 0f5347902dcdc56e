import { AwsError } from "../../aws/contract.ts";

/** EKS's errors with the texts that the real service was seen to give. */

type Members = {
  clusterName?: string;
  nodegroupName?: string;
  addonName?: string;
  fargateProfileName?: string;
};

export const invalidParameter = (message: string, members: Members = {}): AwsError =>
  new AwsError("InvalidParameterException", message, { status: 400, members });

export const invalidRequest = (message: string, members: Members = {}): AwsError =>
  new AwsError("InvalidRequestException", message, { status: 400, members });

export const invalidState = (message: string, members: Members = {}): AwsError =>
  new AwsError("InvalidStateException", message, { status: 400, members });

export const inUse = (message: string, members: Members = {}): AwsError =>
  new AwsError("ResourceInUseException", message, { status: 409, members });

export const notFound = (message: string, members: Members = {}): AwsError =>
  new AwsError("ResourceNotFoundException", message, { status: 404, members });

export const limitExceeded = (message: string, members: Members = {}): AwsError =>
  new AwsError("ResourceLimitExceededException", message, { status: 400, members });

export const clusterNotFound = (name: string): AwsError =>
  notFound(`No cluster found for name: ${name}.`, { clusterName: name });

export const nodegroupNotFound = (clusterName: string, nodegroupName: string): AwsError =>
  notFound(`No node group found for name: ${nodegroupName}.`, { clusterName, nodegroupName });

export const addonNotFound = (clusterName: string, addonName: string): AwsError =>
  notFound(`No addon: ${addonName} found in cluster: ${clusterName}`, { clusterName, addonName });

export const notActive = (clusterName: string): AwsError =>
  invalidRequest(`Cluster '${clusterName}' is not in ACTIVE status`, { clusterName });

/** The 409 of a second update. */
export const updateInProgress = (what: string, clusterName: string, updateId: string): AwsError =>
  inUse(`Cannot ${what} because cluster ${clusterName} currently has update ${updateId} in progress`, {
    clusterName,
  });
