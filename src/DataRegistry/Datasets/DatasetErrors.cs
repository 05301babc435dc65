using DataRegistry.Http;
using Microsoft.AspNetCore.Http;

namespace DataRegistry.Datasets;

/// <summary>Errors of datasets, their versions and the aliases of those.</summary>
static class DatasetErrors
{
    public static FieldError NotADatasetName { get; } = new(
        "invalid", DatasetName.Requirement, "The name has characters that it may not have, or too many.");

    public static FieldError NotAVersionName { get; } = new(
        "invalid", "The name 'latest' is reserved: it stands for the newest completed version.", "The name is reserved.");

    public static FieldError DatasetExists { get; } = new(
        "unique", "The project has a dataset '{name}' already.", "Another dataset of the project has this name.");

    public static FieldError VersionExists { get; } = new(
        "unique", "The dataset has a version '{name}' already.",
        "Another version of the dataset has this name; it may still be created.");

    public static FieldError VersionAliasExists { get; } = new(
        "unique", "The dataset has an alias '{name}' already.", "A version may not be named like an alias of its dataset.");

    public static FieldError AliasedVersionExists { get; } = new(
        "unique", "The dataset has a version '{name}' already.", "An alias may not be named like a version of its dataset.");

    public static FieldError ProjectNotNamed { get; } = new(
        "required", "You may write to several projects. Add 'project' with the id of one.",
        "Only callers who may write to one project leave it out.");

    public static FieldError NotARoot { get; } = new(
        "invalid", $"A root is the beginning of paths, such as images/train/. {DatasetPath.Requirement}", "The root is not a path.");

    public static FieldError NotADatasetId { get; } = new(
        "invalid", "A dataset's id is a UUID.", "The value is not the id of a dataset.");

    public static FieldError NoDataset { get; } = new(
        "does_not_exist", "There is no dataset {dataset}.", "The dataset does not exist, or is not visible to the caller.");

    public static FieldError NotADatasetUri { get; } = new(
        "invalid", "dataset://<name>/<version> is expected, where the version is a name, an alias or 'latest'.",
        "The value does not name a version.");

    public static FieldError NoPreviousVersion { get; } = new(
        "does_not_exist", "The dataset has no version {version}.", "The version before is of the same dataset.");

    public static FieldError NotAVersionId { get; } = new(
        "invalid", "A version's id is a UUID.", "The value is not the id of a dataset version.");

    public static FieldError NoAliasedVersion { get; } = new(
        "does_not_exist", "There is no version {version}.", "The version does not exist, or is not visible to the caller.");

    public static FieldError AliasedVersionNotCompleted { get; } = new(
        "invalid", "The version is still created. Name it once its status is 'completed'.", "An alias names a completed version.");

    public static FieldError NoFiles { get; } = new(
        "required", "At least one file is expected.", "A version of nothing is not made.");

    public static DetailError TooManyFiles { get; } = new(
        StatusCodes.Status413PayloadTooLarge,
        "The list has over {max} files. Make a selection of them (POST /api/v0/selections/) and send its id as 'selection' in place of "
        + "'files'.",
        "The version has more files than one request may list. A version of a selection has no such limit.");

    public static FieldError FileNotNamed { get; } = new(
        "required", "File {number} names no datum.", "A file of the list has no `datum`.");

    public static FieldError NotADatumReference { get; } = new(
        "invalid", "File {number}: '{text}' is not a datum's id, an alias, or an s3:// URL.", "The value does not name a datum.");

    public static FieldError NoDatumOfFile { get; } = new(
        "does_not_exist", "File {number}: there is no datum '{text}' in this project.",
        "A version names datums of its own project. The datum does not exist, or is another project's.");

    public static FieldError SeveralDatumsOfFile { get; } = new(
        "invalid", "File {number}: '{text}' was adopted as {datum} and as {other}. Give the id of one of them.",
        "Several stores hold the URL.");

    public static FieldError DatumOfFilePurged { get; } = new(
        "invalid", "File {number}: datum {datum} is purged.", "A new version does not name a purged datum.");

    public static FieldError NotAPath { get; } = new(
        "invalid", $"File {{number}}: '{{path}}' is not a path. {DatasetPath.Requirement}",
        "The file's `path`, or its key where it has none, cannot be a path in a version.");

    public static FieldError DatumTwice { get; } = new(
        "invalid", "Files {first} and {second} are both datum {datum}, with the path '{path}'.", "A version has each path once.");

    public static FieldError PathTwice { get; } = new(
        "invalid", "Files {first} and {second} both have the path '{path}': datums {datum} and {other}. Give one of them another 'path'.",
        "A version has each path once.");

    public static DetailError VersionNotCompleted { get; } = new(
        StatusCodes.Status409Conflict, "The version is still created. Its files are there once its status is 'completed'.",
        "The version is not published yet.");

    public static DetailError VersionDeletedMeanwhile { get; } = new(
        StatusCodes.Status409Conflict,
        "The version, or its dataset, was deleted while it was made. Make the version again if the dataset is still there.",
        "Somebody deleted it meanwhile.");
}
