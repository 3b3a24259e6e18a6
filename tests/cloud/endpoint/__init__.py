"""An AWS endpoint on loopback: moto's services, mended where a console would notice, behind a front that logs
every request and injects faults."""
