# What a caller gets of a real daemon: live.pl SOCKET PID, of a process with a network namespace of its own.
use strict;
use warnings;
use Overlayd::Client;

my ($path, $pid) = @ARGV;
my $client = Overlayd::Client->new($path, timeout => 20);

sub is {
    my ($what, $got, $want) = @_;
    $got eq $want or die "$what: $got, not $want\n";
}

is('hello', $client->hello(client => 'live.pl')->{name}, 'overlayd');
is('nothing yet', $client->status->{service_count}, 0);
my %global = (deployment => 'd', instance_id => '1', cluster_cidr => '10.200.0.0/16', slice_cidr => '10.200.4.0/24', wg_port => 0);
is('setup', $client->setup_global_overlay(%global)->{name}, 'zl-d-1-g');
my $web = $client->setup_service_overlay(service => 'web', mode => 'auto');
my %container = (handle => { platform => 'linux_pid', pid => $pid });
my $attached = $client->attach_container(%container, service => 'web', join_global => 0);
$attached->{ip} =~ /^10\.200\.4\./ or die "attached: $attached->{ip}\n";
is('answer', system('ping', '-q', '-c', 1, '-W', 5, $attached->{ip}), 0);
my $key = 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
$client->add_peer(public_key => $key, endpoint => '127.0.0.1:9', allowed_ips => '10.200.5.0/24', persistent_keepalive_secs => 0);
is('peer', $client->status->{peers}[0]{public_key}, $key);
my $description = $client->describe;
is('schema', $description->{schema}, 'overlayd');
length $description->{json} > 10000 or die 'a short schema';

# an answer that is err, a request that can't be written
eval { $client->setup_service_overlay(service => '', mode => 'auto') };
is('class of an err', ref $@, 'Overlayd::Error');
is('code of an err', $@->{code}, 'invalid');
my %wrong = (
    'request.mode: unknown OverlayMode' => [service => 'a', mode => 'no'],
    'request.mode: missing' => [service => 'a'],
    'request.wrong: unknown key' => [service => 'a', mode => 'auto', wrong => 1],
    'request.service: more than 63 bytes' => [service => 'a' x 64, mode => 'auto'],
);
for my $reason (keys %wrong) {
    eval { $client->setup_service_overlay(@{ $wrong{$reason} }) };
    is('refused', $@, "$reason\n");
}
is('after that', $client->status->{service_count}, 1);

is('detached', $client->detach_container(%container)->{result}, 'ok');
is('the end', $client->shutdown->{result}, 'ok');
