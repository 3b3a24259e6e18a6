//! A load balancer for the lab, and users who never stop asking.
//!
//! It hands TCP connections to the servers that the cloud's load balancer has in service, one after the other. What is
//! under way with a server that was taken out goes on to its end: the cloud is told, and says that the server is draining.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::cloud::Wire;
use crate::fleet::Fleet;
use crate::lab::within;

/// How often the cloud is asked who is in service, and how long a user thinks.
const PAUSE: Duration = Duration::from_millis(100);

/// What a user got: the status of HTTP and the page, or 0 and how it failed and when.
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
            "-sSk",
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
    let code = code.parse().unwrap();
    if code == 0 {
        let said = String::from_utf8_lossy(&output.stderr);
        return (0, format!("{} at {:?}", said.trim(), SystemTime::now()));
    }
    (code, page.to_owned())
}

/// Servers that get connections, and those that have some under way, once for each.
#[derive(Default)]
struct Servers {
    serving: Vec<SocketAddr>,
    busy: Vec<SocketAddr>,
}

impl Servers {
    /// Whose turn it is, noted before anything is sent to it.
    fn next(&mut self, turn: usize) -> Option<SocketAddr> {
        let next = *self.serving.get(turn % self.serving.len().max(1))?;
        self.busy.push(next);
        Some(next)
    }

    fn done(&mut self, server: SocketAddr) {
        let at = self.busy.iter().position(|busy| *busy == server).unwrap();
        self.busy.swap_remove(at);
    }
}

/// Starts the load balancer; gives its port.
fn balance(endpoint: &str, over: &Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let servers: Arc<Mutex<Servers>> = Arc::default();
    let (wire, list, done) = (Wire::at(String::new(), of(endpoint)), Arc::clone(&servers), Arc::clone(over));
    std::thread::spawn(move || {
        let (_keep, pause) = mpsc::channel::<()>();
        while !done.load(Ordering::Relaxed) {
            let busy = list.lock().unwrap().busy.clone();
            let Some(serving) = in_service(&wire, &busy) else { return };
            list.lock().unwrap().serving = serving;
            let _ = pause.recv_timeout(PAUSE);
        }
        if TcpStream::connect(("127.0.0.1", wire.port)).is_ok() {
            wire.own("POST", "/_test/spread-no-more", "");
        }
    });
    // Users come once there is somebody to send them to, and one of them can be missed.
    within(60, "both web servers are in service", || {
        (servers.lock().unwrap().serving.len() > 1).then_some(())
    });
    let (turn, done) = (AtomicUsize::new(0), Arc::clone(over));
    std::thread::spawn(move || {
        for user in listener.incoming().map_while(Result::ok) {
            if done.load(Ordering::Relaxed) {
                return;
            }
            let next = servers.lock().unwrap().next(turn.fetch_add(1, Ordering::Relaxed));
            let servers = Arc::clone(&servers);
            std::thread::spawn(move || {
                let Some(server) = next else {
                    return eprintln!("nobody is in service at {:?}", SystemTime::now());
                };
                if let Err(error) = join(user, server) {
                    eprintln!("{server}: {error} at {:?}", SystemTime::now());
                }
                servers.lock().unwrap().done(server);
            });
        }
    });
    port
}

/// The servers that get requests, from the cloud, which is told who is busy; none once it is gone.
fn in_service(wire: &Wire, busy: &[SocketAddr]) -> Option<Vec<SocketAddr>> {
    TcpStream::connect(("127.0.0.1", wire.port)).ok()?;
    let busy: Vec<String> = busy.iter().map(|server| server.ip().to_string()).collect();
    let told: Vec<String> =
        serde_json::from_str(&wire.own("POST", "/_test/serving", &serde_json::to_string(&busy).unwrap()))
            .ok()?;
    Some(told.iter().map(|address| format!("{address}:443").parse().unwrap()).collect())
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
