//! A load balancer for the lab, and users who never stop asking.
//!
//! It hands TCP connections to the servers that the cloud's load balancer has in service, one after the other. What is
//! under way with a server that was taken out goes on to its end, as draining is.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::cloud::Wire;
use crate::fleet::Fleet;

/// How often the cloud is asked who is in service, and how long a user thinks.
const PAUSE: Duration = Duration::from_millis(100);

/// What a user got: the status of HTTP, 0 for none, and the page.
pub type Answer = (u16, String);

/// Users who ask for the site's first page over HTTPS, until they are stopped.
pub struct Traffic {
    stop: Vec<Sender<()>>,
    over: Arc<AtomicBool>,
    answers: Arc<Mutex<Vec<Answer>>>,
    users: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// So many users.
    pub fn start(fleet: &Fleet, users: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let port = balance(&fleet.endpoint().url(), &over);
        let answers = Arc::new(Mutex::new(Vec::new()));
        let (stop, users) = (0..users)
            .map(|_| {
                let (stop, stopped) = mpsc::channel();
                let answers = Arc::clone(&answers);
                let user = std::thread::spawn(move || {
                    while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                        let answer = ask(port);
                        answers.lock().unwrap().push(answer);
                    }
                });
                (stop, user)
            })
            .unzip();
        Self { stop, over, answers, users }
    }

    /// What they got so far.
    pub fn so_far(&self) -> Vec<Answer> {
        self.answers.lock().unwrap().clone()
    }

    /// Lets them go; gives what they got.
    pub fn stop(mut self) -> Vec<Answer> {
        self.stop.clear();
        for user in self.users.drain(..) {
            user.join().unwrap();
        }
        self.so_far()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn ask(port: u16) -> Answer {
    let output = Command::new("curl")
        .args([
            "-sk",
            "--noproxy",
            "*",
            "-m",
            "20",
            "-w",
            "\n%{http_code}",
            &format!("https://localhost:{port}/"),
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let (page, code) = text.rsplit_once('\n').unwrap();
    (code.parse().unwrap(), page.to_owned())
}

/// Starts the load balancer; gives its port.
fn balance(endpoint: &str, over: &Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
    let (wire, list, done) = (Wire::at(String::new(), of(endpoint)), Arc::clone(&serving), Arc::clone(over));
    std::thread::spawn(move || {
        let (_keep, pause) = mpsc::channel::<()>();
        while !done.load(Ordering::Relaxed) {
            let Some(addresses) = in_service(&wire) else { return };
            *list.lock().unwrap() =
                addresses.iter().map(|address| format!("{address}:443").parse().unwrap()).collect();
            let _ = pause.recv_timeout(PAUSE);
        }
    });
    let (turn, done) = (AtomicUsize::new(0), Arc::clone(over));
    std::thread::spawn(move || {
        for user in listener.incoming().map_while(Result::ok) {
            if done.load(Ordering::Relaxed) {
                return;
            }
            let servers = serving.lock().unwrap().clone();
            let next = servers.get(turn.fetch_add(1, Ordering::Relaxed) % servers.len().max(1)).copied();
            std::thread::spawn(move || next.map(|server| join(user, server)));
        }
    });
    port
}

/// Addresses of the servers that get requests; none once the cloud is gone.
fn in_service(wire: &Wire) -> Option<Vec<String>> {
    TcpStream::connect(("127.0.0.1", wire.port)).ok()?;
    serde_json::from_str(&wire.own("GET", "/_test/serving", "")).ok()
}

fn of(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// Copies both ways until both are done.
fn join(user: TcpStream, server: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect_timeout(&server, Duration::from_secs(3))?;
    let (mut from_user, mut to_user) = (user.try_clone()?, user);
    let (mut from_server, mut to_server) = (server.try_clone()?, server);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from_user, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    io::copy(&mut from_server, &mut to_user)?;
    to_user.shutdown(Shutdown::Write)
}
