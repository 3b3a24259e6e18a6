"""Launch templates: a version can be made upon another one, asked for twice and deleted."""
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidLaunchTemplateVersionNotFound
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.responses.launch_templates import LaunchTemplates

from .mending import mend


@mend(LaunchTemplate)
def create_version(_, self, data, description):
    """A number is never used again."""
    self.made = getattr(self, "made", 0) + 1
    self.versions.append(LaunchTemplateVersion(self, self.made, data, description))
    return self.versions[-1]


@mend(LaunchTemplate)
def get_version(_, self, number):
    word = {"$latest": self.versions[-1].number, "$default": self.default_version_number}.get(str(number).lower(), number)
    for version in self.versions:
        if str(version.number) == str(word):
            return version
    raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=number)


@mend(LaunchTemplate)
def default_version(_, self):
    return self.get_version(self.default_version_number)


def the_template(response):
    name, own_id = response._get_param("LaunchTemplateName"), response._get_param("LaunchTemplateId")
    if bool(name) == bool(own_id):
        raise EC2ClientError("InvalidRequest", "Either the launch template's ID or its name must be specified, not both")
    backend = response.ec2_backend
    return backend.get_launch_template_by_name(name) if name else backend.get_launch_template(own_id)


def described(template, version, response):
    return {"CreateTime": version.create_time, "CreatedBy": f"arn:aws:iam::{response.current_account}:root",
            "DefaultVersion": template.is_default(version), "LaunchTemplateData": version.data,
            "LaunchTemplateId": template.id, "LaunchTemplateName": template.name,
            "VersionDescription": version.description, "VersionNumber": version.number}


@mend(LaunchTemplates)
def create_launch_template_version(_, self):
    template, token = the_template(self), self._get_param("ClientToken")
    source, data = self._get_param("SourceVersion"), self._get_param("LaunchTemplateData", {})
    description = self._get_param("VersionDescription")
    asked, seen = (str(source), repr(data), description), template.__dict__.setdefault("_tokens", {})
    if token in seen:
        if seen[token][0] != asked:
            raise EC2ClientError("IdempotentParameterMismatch", "The token was used by a request with other parameters")
        return ActionResult({"LaunchTemplateVersion": described(template, seen[token][1], self)})
    if source:
        data = {**template.get_version(source).data, **data}
    version = template.create_version(data, description)
    if token:
        seen[token] = (asked, version)
    return ActionResult({"LaunchTemplateVersion": described(template, version, self)})


def delete_launch_template_versions(self):
    """One that cannot be deleted does not fail the request: it is named in the answer."""
    template, deleted, left = the_template(self), [], []
    for word in self._get_param("Versions", []):
        item = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(word)}
        found = next((v for v in template.versions if v.number == int(word)), None)
        if found is None:
            left.append(item | {"ResponseError": {"Code": "launchTemplateVersionDoesNotExist", "Message": "There is none"}})
        elif template.is_default(found):
            left.append(item | {"ResponseError": {"Code": "unexpectedError", "Message": "It is the default version"}})
        else:
            template.versions.remove(found)
            deleted.append(item)
    return ActionResult({"SuccessfullyDeletedLaunchTemplateVersions": deleted,
                         "UnsuccessfullyDeletedLaunchTemplateVersions": left})


LaunchTemplates.delete_launch_template_versions = delete_launch_template_versions
