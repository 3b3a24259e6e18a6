//! Settings: read anew, each group and load balancer once; written in as few calls as belong together.

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{AT_ONCE, SHARED, Trouble, World, of_read};
use crate::fleet::{InstanceId, LoadBalancerName, Process};
use crate::plan::{Page, Setting, Value};

impl World {
    /// Reads a setting as it is now.
    pub(in crate::engine::run) async fn setting(&self, setting: &Setting) -> Result<Value, Trouble> {
        self.forget();
        self.setting_lately(setting).await
    }

    /// Reads settings as they are now, each group and load balancer once.
    pub(in crate::engine::run) async fn settings(&self, settings: &[Setting]) -> Result<Vec<Value>, Trouble> {
        self.forget();
        let mut values = Vec::with_capacity(settings.len());
        for some in settings.chunks(AT_ONCE) {
            values.extend(self.some(some).await.into_iter().collect::<Result<Vec<_>, _>>()?);
        }
        Ok(values)
    }

    /// The same, each asked once whatever becomes of the others.
    pub(in crate::engine::run) async fn each_setting(&self, settings: &[Setting]) -> Vec<Option<Value>> {
        self.forget();
        let mut values = Vec::with_capacity(settings.len());
        for some in settings.chunks(AT_ONCE) {
            values.extend(self.some(some).await.into_iter().map(Result::ok));
        }
        values
    }

    /// The first of each kind asks, the others find its answer; servers are asked side by side.
    async fn some(&self, settings: &[Setting]) -> Vec<Result<Value, Trouble>> {
        if settings.iter().all(|setting| matches!(setting, Setting::Page { .. })) {
            return join_all(settings.iter().map(|setting| self.setting_lately(setting))).await;
        }
        let mut values = Vec::with_capacity(settings.len());
        for setting in settings {
            values.push(self.setting_lately(setting).await);
        }
        values
    }

    /// Who is registered with a load balancer, as of a moment ago.
    async fn registered_lately(&self, name: &LoadBalancerName) -> Result<Vec<InstanceId>, Trouble> {
        let now = self.now();
        let fresh = |at: &Timestamp| now.duration_since(*at).as_secs() < SHARED;
        let known = self
            .known(|known| known.registered.get(name).filter(|(at, _)| fresh(at)).map(|(_, m)| m.clone()));
        if let Some(members) = known {
            return Ok(members);
        }
        let found = self.ports.read.load_balancers(std::slice::from_ref(name)).await.map_err(of_read)?;
        let found = found.into_iter().next();
        let found = found.ok_or_else(|| Trouble::Definite(format!("there is no load balancer {name}")))?;
        let now = self.now();
        self.known(|known| known.registered.insert(name.clone(), (now, found.members.clone())));
        Ok(found.members)
    }

    /// The certificate that a listener serves now.
    async fn certificate(&self, name: &LoadBalancerName, port: u16) -> Result<String, Trouble> {
        let found = self.ports.read.load_balancers(std::slice::from_ref(name)).await.map_err(of_read)?;
        let found = found.into_iter().next();
        let found = found.ok_or_else(|| Trouble::Definite(format!("there is no load balancer {name}")))?;
        let listener = found.listeners.into_iter().find(|listener| listener.port == port);
        let served = listener.and_then(|listener| listener.certificate);
        served.ok_or_else(|| Trouble::Definite(format!("{name} serves no certificate on {port}")))
    }

    pub(super) async fn setting_lately(&self, setting: &Setting) -> Result<Value, Trouble> {
        Ok(match setting {
            Setting::Process { group, process } => {
                let group = self.group_lately(group).await?;
                if group.is_suspended(process.word()) { Value::Suspended } else { Value::Active }
            }
            Setting::Sizes { group } => Value::Sizes(self.group_lately(group).await?.sizes()),
            Setting::Policies { group } => {
                Value::Policies(self.group_lately(group).await?.termination_policies)
            }
            Setting::Launch { group } => {
                let group = self.group_lately(group).await?;
                let launch = group.launch.ok_or_else(|| {
                    Trouble::Definite(format!(
                        "{} says of no launch configuration or template what it launches",
                        group.name
                    ))
                })?;
                Value::Launch(launch)
            }
            Setting::Membership { balancer, instance } => {
                let registered = self.registered_lately(balancer).await?;
                if registered.contains(instance) { Value::Registered } else { Value::NotRegistered }
            }
            Setting::Certificate { balancer, port } => {
                Value::Certificate(self.certificate(balancer, *port).await?)
            }
            Setting::Page { instance } => {
                let lines = match self.look(instance, &self.ports.pages.show, true).await {
                    Ok(lines) => lines,
                    Err(trouble @ (Trouble::Definite(_) | Trouble::Denied(_))) => return Err(trouble),
                    // A server that is gone shows no page to anybody.
                    Err(_) if !self.is_there(instance).await? => return Ok(Value::Page(Page::Off)),
                    // Looking changes nothing.
                    Err(trouble) => return Err(Trouble::Later(trouble.words().to_owned())),
                };
                let page = lines.iter().find_map(|line| match line.trim() {
                    "page=off" => Some(Page::Off),
                    "page=healthy" => Some(Page::Healthy),
                    "page=unhealthy" => Some(Page::Unhealthy),
                    _ => None,
                });
                Value::Page(page.ok_or_else(|| {
                    Trouble::Definite(format!("{instance} did not say whether its maintenance page is up"))
                })?)
            }
        })
    }

    /// Writes settings. Those of one call belong together: processes of one group with one value, or members of one
    /// load balancer with one value, or a single setting.
    pub(in crate::engine::run) async fn write(
        &self,
        settings: &[Setting],
        to: &Value,
    ) -> Result<(), Trouble> {
        let Some(first) = settings.first() else { return Ok(()) };
        let change = &self.ports.change;
        let answer = match (first, to) {
            (Setting::Process { group, .. }, Value::Active | Value::Suspended) => {
                let processes: Vec<Process> = settings
                    .iter()
                    .filter_map(|one| {
                        if let Setting::Process { process, .. } = one { Some(*process) } else { None }
                    })
                    .collect();
                if *to == Value::Suspended {
                    change.suspend(group, &processes).await
                } else {
                    change.resume(group, &processes).await
                }
            }
            (Setting::Sizes { group }, Value::Sizes(sizes)) => change.set_sizes(group, *sizes).await,
            (Setting::Policies { group }, Value::Policies(policies)) => {
                change.set_policies(group, policies).await
            }
            (Setting::Launch { group }, Value::Launch(launch)) => change.set_launch(group, launch).await,
            (Setting::Membership { balancer, .. }, Value::Registered | Value::NotRegistered) => {
                let servers: Vec<InstanceId> = settings
                    .iter()
                    .filter_map(|one| {
                        if let Setting::Membership { instance, .. } = one {
                            Some(instance.clone())
                        } else {
                            None
                        }
                    })
                    .collect();
                if *to == Value::Registered {
                    change.register(balancer, &servers).await
                } else {
                    change.deregister(balancer, &servers).await
                }
            }
            (Setting::Certificate { balancer, port }, Value::Certificate(arn)) => {
                change.set_certificate(balancer, *port, arn).await
            }
            (Setting::Page { .. }, Value::Page(page)) => return self.put_pages(settings, *page).await,
            (setting, value) => {
                return Err(Trouble::Definite(format!("{setting} cannot be {value}")));
            }
        };
        self.forget();
        answer.map_err(Trouble::from)
    }

    /// Puts the page of several servers, some side by side. Doing it again does no harm.
    async fn put_pages(&self, settings: &[Setting], page: Page) -> Result<(), Trouble> {
        let pages = &self.ports.pages;
        let script = match page {
            Page::Off => &pages.off,
            Page::Healthy => &pages.healthy,
            Page::Unhealthy => &pages.unhealthy,
        };
        for some in settings.chunks(AT_ONCE) {
            let servers = some.iter().filter_map(|setting| match setting {
                Setting::Page { instance } => Some(self.put_page(instance, script)),
                _ => None,
            });
            join_all(servers).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
        Ok(())
    }

    /// Puts one server's page. A server that is gone meanwhile, as those that a group lets go are after a while, has none.
    async fn put_page(&self, instance: &InstanceId, script: &str) -> Result<(), Trouble> {
        let looked = self.look(instance, script, true).await.map(|_| ());
        match &looked {
            Ok(()) | Err(Trouble::Definite(_) | Trouble::Denied(_)) => looked,
            Err(_) if self.is_there(instance).await? => looked,
            Err(_) => Ok(()),
        }
    }

    /// Whether EC2 still knows the server as one that is not on its way out.
    async fn is_there(&self, instance: &InstanceId) -> Result<bool, Trouble> {
        let all = self.ports.read.servers(&self.ports.deployment).await.map_err(of_read)?;
        Ok(self.is_among(&all, instance))
    }
}
