//! What rmqtt asks before it lets anybody in, write or listen.
//!
//! rmqtt's own port is open to every process of the machine, so a connection counts only if it
//! comes through one of the [`Doors`] that the front opened for a certificate. A source port in
//! use cannot be another process's at the same time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rmqtt::codec::types::Publish;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType, Type};
use rmqtt::types::{AuthResult, ConnectInfo, PublishAclResult, SubscribeReturn};

use super::rules::{self, Answer};
use crate::units::keeper::{Sign, Signs};

/// The connections that the front has open towards rmqtt, and whose certificate each brought.
#[derive(Clone, Default)]
pub(super) struct Doors(Arc<Mutex<HashMap<SocketAddr, String>>>);

/// One connection of the front's; closes when dropped.
pub(super) struct Door {
    doors: Doors,
    address: SocketAddr,
}

impl Doors {
    /// From now on a connection from `address` is `name`'s.
    pub(super) fn open(&self, address: SocketAddr, name: String) -> Door {
        self.lock().insert(address, name);
        Door {
            doors: self.clone(),
            address,
        }
    }

    fn name(&self, address: SocketAddr) -> Option<String> {
        self.lock().get(&address).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.doors.lock().remove(&self.address);
    }
}

/// Puts the gate into rmqtt.
pub(super) async fn install(context: &ServerContext, doors: &Doors, signs: &Signs) {
    let register = context.extends.hook_mgr().register();
    for question in [
        Type::ClientAuthenticate,
        Type::ClientSubscribeCheckAcl,
        Type::MessagePublishCheckAcl,
    ] {
        let gate = Gate {
            doors: doors.clone(),
            signs: signs.clone(),
        };
        register.add(question, Box::new(gate)).await;
    }
    register.start().await;
}

struct Gate {
    doors: Doors,
    signs: Signs,
}

#[async_trait]
impl Handler for Gate {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "written as in the trait, or the macro would make another signature of it"
    )]
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rmqtt asks only what was registered; its other events are none of the gate's"
    )]
    async fn hook(&self, question: &Parameter, before: Option<HookResult>) -> ReturnType {
        let answer = match question {
            Parameter::ClientAuthenticate(connect) => HookResult::AuthResult(self.admit(connect)),
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                let filter = subscribe.topic_filter.to_string();
                HookResult::SubscribeAclResult(
                    match rules::may_listen(&session.id.client_id, &filter) {
                        Answer::Yes => SubscribeReturn::new_success(subscribe.opts.qos(), None),
                        Answer::No => {
                            self.refuse(&session.id.client_id, "listen");
                            SubscribeReturn::new_failure(SubscribeAckReason::NotAuthorized)
                        }
                    },
                )
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                HookResult::PublishAclResult(self.may_publish(&session.id.client_id, publish))
            }
            _ => return (true, before),
        };
        (false, Some(answer))
    }
}

impl Gate {
    fn admit(&self, connect: &ConnectInfo) -> AuthResult {
        let name = connect
            .id()
            .remote_addr
            .and_then(|address| self.doors.name(address));
        let may = name.as_ref().map_or(Answer::No, |name| {
            rules::may_connect(name, connect.client_id())
        });
        // A will would be published without asking the gate.
        let has_will = connect.last_will().is_some();
        match (may, connect) {
            (Answer::Yes, ConnectInfo::V5(..)) if !has_will => AuthResult::Allow(false, None),
            (Answer::Yes | Answer::No, ConnectInfo::V3(..) | ConnectInfo::V5(..)) => {
                // By their certificate: what they call themselves may be somebody else.
                let who = name.as_deref().unwrap_or("?");
                let what = match *who == **connect.client_id() {
                    true => "connect",
                    false => "connect under another name",
                };
                self.refuse(who, what);
                AuthResult::NotAuthorized
            }
        }
    }

    fn may_publish(&self, name: &str, publish: &Publish) -> PublishAclResult {
        let answer = if publish.retain {
            Answer::No
        } else {
            rules::may_write(name, &publish.topic)
        };
        match answer {
            Answer::Yes => PublishAclResult::allow(),
            Answer::No => {
                self.refuse(name, "write");
                PublishAclResult::rejected(true, None)
            }
        }
    }

    /// A client id is at most eight characters long, so it cannot fill a log.
    fn refuse(&self, client: &str, what: &'static str) {
        tracing::warn!(client, what, "refused by the broker");
        self.signs.say(Sign::refused(client, what));
    }
}
