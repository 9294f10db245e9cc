// ClusterService: lets operators see the cluster through any of its members. One line of a member:
//
//   rpcnet::ClusterService::serve(host);
//
// Then `rpcnet members` and `rpcnet watch` work with it. Only callers with a certificate of the
// cluster are answered.
#pragma once

#include <list>
#include <memory>

#include "io/cluster.h"
#include "io/server_view.h"
#include "rpcnet/v1/cluster.rpcnet.h"

namespace rpcnet {

class ClusterService final : public v1::ClusterService {
 public:
  // Serves rpcnet.v1.Cluster from now on; on the Host's thread.
  static std::shared_ptr<ClusterService> serve(Host& host);

  asio::awaitable<Result<v1::MembersResponse>> Members(ServerCall& call,
                                                       v1::MembersRequest request) override;
  asio::awaitable<Status> Watch(ServerCall& call, v1::WatchRequest request,
                                ServerWriter<v1::ClusterEvent> replies) override;

 private:
  explicit ClusterService(const Host& host) : server_(host), cluster_(host) {}

  ServerView server_;
  ClusterMembership cluster_;
  std::string cluster_name_;
  std::list<EventStream> watched_;  // by those who watch now
};

}  // namespace rpcnet
