# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # AWS credentials, as the SDK's own class has them.
    Credentials = Struct.new(:access_key_id, :secret_access_key, :session_token, :expiration,
                             keyword_init: true) do
      def set?
        !access_key_id.to_s.empty? && !secret_access_key.to_s.empty?
      end

      # Never the secrets.
      def inspect
        "#<#{self.class.name} access_key_id=#{access_key_id.inspect}>"
      end
      alias_method :to_s, :inspect
    end

    # The default chain, cached and refreshed once for everybody who uses the same profile.
    class CredentialProvider
      @providers = {}
      @lock = Mutex.new

      # The one of a profile; nil: AWS_PROFILE, then "default", with the environment before both.
      def self.for_profile(profile = nil)
        name = profile.to_s.empty? ? nil : profile.to_s
        @lock.synchronize { @providers[name] ||= new(Native::Provider.default(name)) }
      end

      # Forgets all of them: the next use looks again at environment and files.
      def self.reset
        @lock.synchronize { @providers.clear }
      end

      # The C provider for what a program gives as credentials.
      def self.native(credentials)
        return credentials.native if credentials.is_a?(CredentialProvider)

        held = credentials.respond_to?(:credentials) ? credentials.credentials : credentials
        unless held.respond_to?(:access_key_id) && held.respond_to?(:secret_access_key)
          raise ArgumentError, "credentials must have access_key_id and secret_access_key, or be a " \
                               "provider with #credentials, got #{credentials.class}"
        end
        token = held.respond_to?(:session_token) ? held.session_token : nil
        Native::Provider.static(held.access_key_id, held.secret_access_key, token)
      end

      attr_reader :native

      def initialize(native)
        @native = native
      end

      # Fetched or refreshed where that is due.
      def credentials
        id, secret, token, expires_at = native.fetch
        Credentials.new(access_key_id: id, secret_access_key: secret, session_token: token,
                        expiration: expires_at && Time.at(expires_at).utc)
      end

      def set?
        credentials.set?
      end

      def access_key_id
        credentials.access_key_id
      end

      def secret_access_key
        credentials.secret_access_key
      end

      def session_token
        credentials.session_token
      end
    end
  end
end
